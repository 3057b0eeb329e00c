/// Notices when a listing comes back to a place where it has been (Brent's way), so that a
/// server whose cookies repeat cannot have it go on for ever.
struct ListingGuard {
    private var mark: UInt64?
    private var steps = 0
    private var limit = 1

    /// Takes the next place; false when it has been there before.
    mutating func admits(_ cookie: UInt64) -> Bool {
        guard cookie != mark else { return false }
        steps += 1
        if steps == limit {
            mark = cookie
            steps = 0
            limit *= 2
        }
        return true
    }
}
