/// How a foreign archive is to be understood.
public struct ImportOptions: Sendable {
    /// Whether it is a layer of an image, where some names and attributes stand for what the layer
    /// hides below it; elsewhere a name like `.wh.x` is a name like any other.
    public var isLayer = false
    /// The latest time a file keeps, in seconds since the epoch; later ones become it.
    public var latestTime: Int64?
    /// The package's name, where what the archive says shall not count.
    public var name: String?
    /// The package's version, likewise.
    public var version: String?
    /// How hard to compress: zstd's level, 1 to 22.
    public var level: Int32 = 3
    /// Hears how far the import is.
    public var progress: ImportProgress?

    /// Makes the options of a package that is no layer.
    public init() {}
}
