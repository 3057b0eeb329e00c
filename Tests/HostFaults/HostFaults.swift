package import FileTree
import Glibc
import Synchronization

/// Makes calls of the host go wrong from the n-th on, or the n-th alone.
public final class HostFaults: Sendable {
    /// How calls go wrong.
    public enum Kind: Sendable, CaseIterable {
        /// The call gives ENOSPC, the next ones work.
        case full
        /// The call gives EIO, the next ones work.
        case broken
        /// The call writes a byte, if it writes, and nothing is done from then on: a death.
        case death
        /// As `full`, and nothing can be put back.
        case fullForGood
    }

    private let kind: Kind
    private let place: Int
    private let count = Mutex(0)

    /// Lets the call of that number go wrong, the first is 0.
    public init(_ kind: Kind, at place: Int) {
        self.kind = kind
        self.place = place
    }

    /// How many calls there were.
    public var calls: Int { count.withLock { $0 } }
    /// Whether one has gone wrong.
    public var hasStruck: Bool { calls > place }

    package func fault(_ call: HostCalls.Call) -> HostCalls.Fault? {
        let number = count.withLock { count in
            count += 1
            return count - 1
        }
        if number < place { return nil }
        switch kind {
        case .full: return number == place ? .error(ENOSPC) : nil
        case .broken: return number == place ? .error(EIO) : nil
        case .death: return number == place && call == .write ? .short(1) : .error(EIO)
        case .fullForGood:
            let isPutBack = call == .resize && number > place
            return number == place || isPutBack ? .error(ENOSPC) : nil
        }
    }

    /// The host, but for the faults.
    package var host: HostCalls { HostCalls(fault: { self.fault($0) }) }
}
