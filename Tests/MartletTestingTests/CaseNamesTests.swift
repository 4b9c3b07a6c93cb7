import Testing

@testable import MartletTesting

struct CaseNamesTests {
    private enum One: Codable { case only(Int) }

    private enum Three: Codable {
        case first
        case second(String)
        case third(a: Int, b: Int)

        enum CodingKeys: String, CodingKey {
            case third = "drei"
            case first
            case second
        }
    }

    private enum Raw: String, Codable { case first }

    private struct OpenKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct Open: Decodable {
        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: OpenKey.self) }
    }

    @Test func `the cases of an enum are found by their wire names`() {
        #expect(CaseNames.all(of: One.self) == ["only"])
        #expect(CaseNames.all(of: Three.self) == ["drei", "first", "second"])
    }

    @Test func `of a type that decodes itself otherwise nothing is known`() {
        #expect(CaseNames.all(of: Raw.self) == nil)
        #expect(CaseNames.all(of: Open.self) == nil)
        #expect(CaseNames.all(of: Int.self) == nil)
    }
}
