extension String {
    /// An error in words that the database takes and a list has room for: without NUL, at most 2,000 characters.
    package init(problem error: any Error) {
        self = String("\(error)".unicodeScalars.lazy.filter { $0 != "\0" }.prefix(2000).map(Character.init))
    }
}
