/// Device numbers, packed as Linux's `makedev` does.
///
/// See makedev(3).
public enum DeviceNumber {
    /// One number of two.
    public static func join(major: UInt32, minor: UInt32) -> UInt64 {
        let major = UInt64(major)
        let minor = UInt64(minor)
        return (major & 0xffff_f000) << 32 | (major & 0xfff) << 8
            | (minor & 0xffff_ff00) << 12 | minor & 0xff
    }

    /// The two numbers of one.
    public static func split(_ device: UInt64) -> (major: UInt32, minor: UInt32) {
        (
            UInt32(device >> 32 & 0xffff_f000 | device >> 8 & 0xfff),
            UInt32(device >> 12 & 0xffff_ff00 | device & 0xff)
        )
    }
}
