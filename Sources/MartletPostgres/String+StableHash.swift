extension String {
    /// FNV-1a, 64 bits, with the last step of MurmurHash3 to spread what differs in the last byte only: the same in every
    /// process and release, since it says which partition a key belongs to.
    package var stableHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// The partition that a key belongs to.
    package func partition(of count: Int) -> Int { count == 1 ? 0 : Int(stableHash % UInt64(count)) }
}
