import FileTree

/// Where a layer's records go, in the order in which they are applied.
///
/// The layer calls it under its one lock, so that no two calls run at once; no method calls back.
protocol Journal: AnyObject, Sendable {
    /// Adds records, all of them in this order or none: when it throws, those there were stay the
    /// last ones.
    ///
    /// Errors: `.noSpace`, `.quota` for a layer that may grow no further, `.inputOutput`.
    func append(_ records: [Record]) throws(FileError)

    /// Puts what was added on stable storage, where a client's fsync is to wait for it.
    func sync() throws(FileError)

    /// Puts everything on stable storage, data files too, where it is to be at the end.
    func finish() throws(FileError)

    /// What the last record that is kept is told by.
    var sum: UInt64 { get }

    /// Takes records from now on without keeping them, until `keep`.
    func hold() throws(FileError)

    /// Has the records that `emit` shows instead of all that were added; then what is added is kept
    /// again. All of them are there then, or those before `hold`, and nothing more is taken.
    ///
    /// Errors: as `append` has them.
    func keep(_ emit: RecordEmitter) throws(FileError)

    /// Takes nothing more, since what was held back is not to be kept.
    func abandon(_ error: FileError)

    /// Whether so much was added since it was last written anew that it may be worth it again.
    var mayShrink: Bool { get }

    /// Writes itself anew with the records that `emit` shows, if they are far fewer; all of them
    /// are there then, or the old ones are.
    ///
    /// Errors: as `append` has them; the old records stay.
    func shrink(_ emit: RecordEmitter) throws(FileError)
}

/// Shows records one after the other, the same ones each time.
typealias RecordEmitter = (_ body: (Record) throws(FileError) -> Void) throws(FileError) -> Void

extension Journal {
    // What is not in a folder has nothing to go back to.
    var sum: UInt64 { 0 }

    func hold() {}

    func keep(_ emit: RecordEmitter) throws(FileError) {}

    func abandon(_ error: FileError) {}

    var mayShrink: Bool { false }

    func shrink(_ emit: RecordEmitter) throws(FileError) {}
}

/// The files that hold a layer's bytes, by the serial of the object they belong to.
///
/// A serial's file may be missing: it stands for no bytes, and the layer knows of which files that
/// may be. All methods may be called from any
/// thread; for one serial the layer keeps an order.
protocol DataFiles: AnyObject, Sendable {
    /// Makes an empty file; one that a death has left behind under that serial is emptied.
    ///
    /// Errors: `.noSpace`, `.quota`.
    func create(_ serial: Serial) throws(FileError) -> any DataFile

    /// Opens a file; nil when there is none.
    func open(_ serial: Serial) throws(FileError) -> (any DataFile)?

    /// Removes a file, if there is one; who has it open goes on.
    ///
    /// A file that cannot be removed is left for the next opening of the layer.
    func remove(_ serial: Serial)

    /// Removes all files.
    func removeAll() throws(FileError)

    /// Keeps what there is of files below the serial `first` until `keep` or `takeBack`, while the
    /// log ends with `sum`: they are made, removed and emptied, but not written to otherwise.
    func hold(_ first: Serial, after sum: UInt64)

    /// Sees to it that a file is put back if need be; whether it is gone by that.
    func putAside(_ serial: Serial) throws(FileError) -> Bool

    /// Makes sure that everything could be put aside that had to be.
    func checkHeld() throws(FileError)

    /// Lets go of what the files were: the log knows what they are now.
    func keep()

    /// Puts back what the files were, and takes no more changes.
    func takeBack()

    /// What there is of a file without opening it; nil when there is none.
    func figures(_ serial: Serial) throws(FileError) -> DataFigures?

    /// Counts what the files occupy, and removes those that a crash has left without an object.
    ///
    /// Called once, before anything else.
    func takeStock(_ isNamed: (Serial) -> Bool) throws(FileError)

    /// The room there is, as far as the layer may use it.
    func statfs() throws(FileError) -> Statfs

    /// Bytes that all files occupy, and what else counts towards their limit.
    var allocated: UInt64 { get }

    /// The longest that a file may be, in bytes.
    var longestFile: UInt64 { get }
}

extension DataFiles {
    // What is not in a folder has nothing to go back to.
    func hold(_ first: Serial, after sum: UInt64) {}

    func putAside(_ serial: Serial) throws(FileError) -> Bool { false }

    func checkHeld() throws(FileError) {}

    func keep() {}

    func takeBack() {}
}

/// An open data file; closed when nobody holds it.
///
/// Reads may run beside anything; the layer never lets two changes of one file run at once.
protocol DataFile: AnyObject, Sendable {
    func figures() throws(FileError) -> DataFigures

    /// Reads bytes and returns how many; fewer than asked for at the file's end alone.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError)
        -> Int

    /// Writes all bytes; a write behind the end leaves a hole.
    ///
    /// Errors: `.noSpace`, `.quota`, `.tooBig`; then any part of the bytes may have
    /// been written, but the length and the time are as they were.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError)

    /// Sets the length; what is added reads as zeros, and is a hole.
    func truncate(to size: UInt64) throws(FileError)

    /// Copies `count` bytes of a lower file from `offset` to the same place; fewer where that
    /// file ends.
    func copy(from lower: any OpenFile, at offset: UInt64, count: UInt64) throws(FileError)

    /// Where the bytes from `offset` lie; nil where they have to be read.
    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent?

    /// What lies at `offset`, and up to where; nil where that is not known.
    func stretch(at offset: UInt64) throws(FileError) -> Stretch?

    /// Sets the time of the last write.
    func setModified(_ time: Timestamp) throws(FileError)

    func sync() throws(FileError)
}
