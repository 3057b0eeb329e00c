/// Where a generation is in its environment's log.
struct GenerationPlace: Sendable, Hashable {
    var at: Int
    var length: Int
    var base: GenerationBlock.Base?
    var known: GenerationBlock.Known?
    var list: GenerationBlock.List?

    /// How many bytes it has, or would have if all of it stood there.
    var wholeLength: Int { length + (known?.length ?? list?.length ?? 0) }
}
