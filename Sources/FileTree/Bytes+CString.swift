extension [UInt8] {
    /// Shows bytes that end with NUL as the system calls want them.
    package func withCString<T>(_ body: (UnsafePointer<CChar>) -> T) -> T {
        withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                // Never empty: there is the NUL.
                text.baseAddress.map(body) ?? body("")
            }
        }
    }
}
