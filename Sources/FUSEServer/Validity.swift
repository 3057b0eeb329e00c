/// For how long the kernel may keep what an answer says.
struct Validity {
    let seconds: UInt64
    let nanoseconds: UInt32

    init(_ caching: FUSEServer.Options.Caching) {
        switch caching {
        case .endless:
            // As long as any machine is up.
            seconds = 1 << 31
            nanoseconds = 0
        case .seconds(let time):
            let time = time > 0 ? min(time, Double(1 << 31)) : 0
            seconds = UInt64(time.rounded(.down))
            nanoseconds = UInt32(min((time - time.rounded(.down)) * 1e9, 999_999_999))
        }
    }
}
