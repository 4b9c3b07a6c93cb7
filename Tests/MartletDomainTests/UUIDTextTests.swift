import Foundation
import MartletDomain
import Testing

struct UUIDTextTests {
    @Test func `an id is written as PostgreSQL writes it`() {
        for _ in 0..<1000 {
            let id = UUID()
            #expect(id.text == id.uuidString.lowercased())
        }
    }
}
