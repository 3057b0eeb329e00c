/// libFuzzer's way into a program of ours, whose start SwiftPM gives a name of its own.
public enum FuzzDriver {
    /// `char **argv`.
    public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Runs the fuzzer over `one`, to be returned from the program's start.
    public static func run(
        _ count: CInt,
        _ arguments: Arguments,
        _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt {
        var (count, arguments) = (count, arguments)
        return runDriver(&count, &arguments, one)
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<FuzzDriver.Arguments>,
    _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
