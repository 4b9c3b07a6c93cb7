extension String {
    /// An error in words that the database takes and a list has room for.
    package init(problem error: any Error) { self = "\(error)".asProblem }

    /// As it can be written down beside what failed: without NUL, at most 2,000 characters.
    package var asProblem: String {
        String(unicodeScalars.lazy.filter { $0 != "\0" }.prefix(2000).map(Character.init))
    }
}
