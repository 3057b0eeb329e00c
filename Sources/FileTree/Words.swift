extension [String] {
    /// The texts in a row, with `separator` between them.
    ///
    /// As `joined` does, which the first time looks through all conformances of the program for
    /// what it is called with: a tenth of what a start executes.
    package func inRow(_ separator: String = "") -> String {
        var row = ""
        for (place, word) in enumerated() {
            if place > 0 { row += separator }
            row += word
        }
        return row
    }
}
