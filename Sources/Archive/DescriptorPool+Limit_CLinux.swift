import CLinux

extension DescriptorPool {
    /// Raises the soft limit to the hard one; returns what then holds.
    ///
    /// The command of a view gets the limit as it was.
    @discardableResult
    package static func raiseLimit() -> Int {
        let limit = pak_raise_descriptors()
        return limit == 0 ? 256 : Int(min(limit, 16384))
    }
}
