extension Range<Int> {
    /// The first number of which `isBehind` holds, as it does of all that follow; the end where it
    /// holds of none.
    ///
    /// - Complexity: a call for each halving.
    @inlinable @inline(__always)
    package func partitionPoint(where isBehind: (Int) -> Bool) -> Int {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
