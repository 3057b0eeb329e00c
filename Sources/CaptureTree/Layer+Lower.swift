import FileTree
import Synchronization

extension Layer {
    /// The lower object that an object began as, found again if need be.
    ///
    /// Errors: `.inputOutput` with the path when another is there by now, or none.
    func lowerNode(of place: LowerPlace) throws(FileError) -> any Node {
        // From the deepest directory that has been found down to the object.
        var missing: [LowerPlace] = []
        var step = place
        var found = state.withLock { _ in step.node }
        while found == nil {
            missing.append(step)
            guard let parent = step.parent else {
                throw FileError(.inputOutput, "the layer is over no tree")
            }
            step = parent
            found = state.withLock { _ in step.node }
        }
        guard var node = found else { throw FileError(.inputOutput) }
        for place in missing.reversed() {
            let stat: Stat
            do throws(FileError) {
                guard let directory = node.directory else { throw FileError(.notDirectory) }
                let name = place.name
                node = try directory.lookup(name.span.bytes)
                stat = try node.stat()
            } catch {
                throw Self.changed(place, error)
            }
            guard place.mark.isStill(stat) else { throw Self.changed(place) }
            let known = node
            state.withLock { _ in place.found(known, stat) }
        }
        return node
    }

    /// Makes sure that a lower object is still as it was when it was first touched.
    func check(_ place: LowerPlace) throws(FileError) {
        let node = try lowerNode(of: place)
        let stat: Stat
        do { stat = try node.stat() } catch { throw Self.changed(place, error) }
        guard place.mark.isStill(stat) else { throw Self.changed(place) }
    }

    private static func changed(_ place: LowerPlace, _ error: FileError? = nil) -> FileError {
        let reason = error.map { ": \($0.kind.text)" } ?? ""
        return FileError(
            .inputOutput,
            "\(place.path): changed below since the layer first touched it\(reason)"
        )
    }

    /// The attributes of an object.
    ///
    /// Errors: `.inputOutput` when they are a lower object's that has changed.
    func stat(_ object: CaptureObject) throws(FileError) -> Stat {
        while true {
            let known = state.withLock { _ in (stat: object.stat, isSparse: object.isSparse) }
            if var stat = known.stat {
                if known.isSparse { stat.allocated = try allocated(object, stat) }
                return stat
            }
            try load(object)
        }
    }

    /// Asks for what a look at the object alone cannot tell.
    func load(_ object: CaptureObject) throws(FileError) {
        if let place = object.lower { _ = try lowerNode(of: place) }
        if state.withLock({ _ in object.isLoaded }) { return }
        let figures = try data.figures(object.serial)
        try state.withLock { (state) throws(FileError) in
            if object.isLoaded { return }
            // What is lost shall not pass for a file that is empty, or shorter.
            let size = figures?.size ?? 0
            guard size >= object.storedSize else { throw lost(object, figures?.size, &state) }
            object.isLoaded = true
            object.size = size
            if case .blocks(var map) = object.bytes {
                // A cut that a death kept out of the log.
                map.cut(to: object.size)
                object.bytes = .blocks(map)
            }
            guard let figures else { return }
            if figures.allocated < figures.size { object.mayBeSparse = true }
            if object.attributes.followsData {
                object.attributes.modified = figures.modified
                object.attributes.changed = max(
                    object.attributes.changed ?? figures.modified,
                    figures.modified
                )
            }
        }
    }

    /// The error of a data file that is missing or shorter than what was stored in it.
    func lost(
        _ object: CaptureObject,
        _ size: UInt64?,
        _ state: inout LayerState
    ) -> FileError {
        let path = PathText.display(state.path(of: object))
        let name = "data/\(object.serial.fileName)"
        guard let size else { return FileError(.inputOutput, "/\(path): \(name) is missing") }
        let wanted = max(object.storedSize, object.isLoaded ? object.size : 0)
        return FileError(.inputOutput, "/\(path): \(name) has \(size) of \(wanted) bytes")
    }

    /// The bytes that a file with holes occupies; those of the lower file count where they show.
    private func allocated(_ object: CaptureObject, _ stat: Stat) throws(FileError) -> UInt64 {
        let own = try data.figures(object.serial)?.allocated ?? 0
        return state.withLock { _ in
            guard case .blocks(let map) = object.bytes, let below = object.lower?.stat else {
                return own
            }
            let lower = min(below.allocated, map.limit)
            return min(stat.allocated, own.addingReportingOverflow(lower).partialValue)
        }
    }
}

extension CaptureObject {
    /// Whether what it occupies has to be asked for.
    fileprivate var isSparse: Bool { mayBeSparse && hasData }
}
