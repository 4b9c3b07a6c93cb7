import MartletJSON
import Testing

struct SortedKeysTests {
    @Test(arguments: [
        ("{}", "{}"), ("[]", "[]"), ("null", "null"), ("-1.5e3", "-1.5e3"), (#""}""#, #""}""#),
        (#"{"b":1,"a":2}"#, #"{"a":2,"b":1}"#),
        (#"[3,{"b":[{"d":1,"c":{}}],"a":"x"},1]"#, #"[3,{"a":"x","b":[{"c":{},"d":1}]},1]"#),
        (#"{"b\"":"\\","a\\":"{\"z\":1,\"y\":2}"}"#, #"{"a\\":"{\"z\":1,\"y\":2}","b\"":"\\"}"#),
    ])
    func `members stand in the order of their keys and all else stays`(json: String, sorted: String) {
        #expect(String(decoding: sortingKeys(ofJSON: Array(json.utf8)), as: UTF8.self) == sorted)
    }

    @Test func `equal dictionaries give equal bytes`() throws {
        let keys = (0..<100).map { "key \($0)" }
        func encoded(_ keys: [String]) throws -> [UInt8] {
            var dictionary: [String: Int] = [:]
            for key in keys { dictionary[key] = key.utf8.count }
            return sortingKeys(ofJSON: try PayloadEncoder().encode(dictionary))
        }
        #expect(try encoded(keys) == encoded(keys.reversed()))
    }
}
