import FoundationEssentials

/// Whether two values are equal; where their type cannot tell, whether what they are made of is.
///
/// Times are alike if the database would keep them alike.
func areAlike(_ one: Any, _ other: Any) -> Bool {
    if let one = one as? Date, let other = other as? Date { return abs(one.timeIntervalSince(other)) < 0.000_001 }
    let (own, others) = (Mirror(reflecting: one), Mirror(reflecting: other))
    let isPlain = own.children.isEmpty || own.displayStyle == .set || own.displayStyle == .dictionary
    if isPlain, let areEqual = areEqual(one, other) { return areEqual }
    guard own.subjectType == others.subjectType, own.children.count == others.children.count else { return false }
    // Those that cannot be compared, and have no order either.
    guard own.displayStyle != .set, own.displayStyle != .dictionary else { return true }
    guard !own.children.isEmpty else { return "\(one)" == "\(other)" }
    return zip(own.children, others.children).allSatisfy { $0.label == $1.label && areAlike($0.value, $1.value) }
}
