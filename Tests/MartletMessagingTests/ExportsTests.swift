import Martlet
import Testing

struct ExportsTests {
    @Test func `an app that imports Martlet has the streaming log`() {
        #expect(TopicName("orders").description == "orders")
    }
}
