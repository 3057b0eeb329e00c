import Archive
public import FileTree

extension UnionTree {
    /// Whether two directories, of one tree or of two, are certainly the same: that of one package
    /// alone, shown in the same way, so that all below it is the same, too.
    ///
    /// It takes no look at what is in them.
    public static func areOne(_ a: any Directory, _ b: any Directory) -> Bool {
        guard let a = a as? UnionDirectory, let b = b as? UnionDirectory,
            a.place.entry.isPackage, a.place.entry.number == b.place.entry.number,
            a.hash == b.hash, a.view.options == b.view.options
        else { return false }
        let (old, new) = (a.view.generation, b.view.generation)
        // What the base has there may be another by now; and of how many names a file is says the
        // table, where some are hidden.
        guard old.base == nil, new.base == nil, old.table.linkCounts.isEmpty,
            new.table.linkCounts.isEmpty, b.place.entry.isPackage
        else { return false }
        return old.packages[Int(a.place.entry.package)].id
            == new.packages[Int(b.place.entry.package)].id
    }
}
