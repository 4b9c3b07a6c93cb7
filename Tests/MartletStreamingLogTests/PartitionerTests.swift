import Testing

@testable import MartletStreamingLog

struct PartitionerTests {
    /// Kafka's own vectors (`UtilsTest.testMurmur2`), as signed numbers.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `keys are hashed as Kafka's Java clients hash them`(key: String, hash: Int) {
        #expect(Array(key.utf8).withUnsafeBufferPointer { Partitioner.murmur2($0) } == UInt32(bitPattern: Int32(hash)))
    }

    @Test func `every key has a partition among those that there are`() {
        for count in [1, 3, 1024] {
            let found = (0..<5000).map { Partitioner.partition(of: "key-\($0)".utf8, among: count) }
            #expect(found.allSatisfy { (0..<count).contains($0) })
            #expect(Set(found).count > count / 2)
        }
    }
}
