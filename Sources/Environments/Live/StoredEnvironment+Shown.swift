import Archive
package import FileTree
import Synchronization
package import UnionTree

extension StoredEnvironment {
    /// A state that is open.
    package final class Shown: Sendable {
        /// The generation.
        package let record: GenerationRecord
        /// Its packages as one tree.
        package let tree: UnionTree
        private let known: Once<PackageNeeds>
        /// What the rules settled, and what lies under the disk, in words: neither changes, and
        /// either takes a walk of many names.
        package let conflicts: Once<String>
        package let shadowed: Once<String>
        /// Counts up with what is opened: of two states the later has the higher.
        let number: UInt64
        private static let count = Atomic<UInt64>(0)

        init(_ record: GenerationRecord, _ tree: UnionTree) {
            number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
            self.record = record
            self.tree = tree
            (conflicts, shadowed, known) = (Once(), Once(), Once())
        }

        /// Makes a later one of the same.
        init(again other: Shown) {
            number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
            record = other.record
            tree = other.tree
            (conflicts, shadowed, known) = (other.conflicts, other.shadowed, other.known)
        }

        /// Which packages need which.
        package var needs: PackageNeeds { known.value { PackageNeeds(of: tree) } }

        /// Gives what `options` ask for, and the set-id bits that the environment allows.
        package func attach(_ options: ViewOptions) throws(FileError) -> Attachment {
            var options = options
            options.allowed = Set(record.text.allowed)
            return try tree.attach(as: .superuser, options)
        }
    }
}
