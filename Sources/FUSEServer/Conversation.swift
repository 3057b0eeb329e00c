import FileTree
import Glibc
import Synchronization

/// What one mount's kernel has been told, and how its requests are answered.
///
/// A handler turns a request into an answer, and lies in the file of its concern. All checks of
/// the protocol are made here, so that a tree is asked only what makes sense. Handlers run on any
/// number of threads; each table has a lock of its own, held across no call into a tree.
final class Conversation: Sendable {
    typealias Options = FUSEServer.Options

    /// The most bytes that one READ or WRITE carries.
    static let mostData = 1 << 20
    /// The most bytes of one request: a WRITE's head and data, and what the kernel wants to spare.
    static let mostRequest = mostData + 4096

    let tree: any Tree
    let options: Options
    let nodes: NodeTable
    let handles: HandleTable
    /// The files of those that read and write without having opened.
    let recent = RecentFiles()
    let waiting = Waiting()
    let lost = LostFiles()
    /// How many writes have come.
    let writes = Atomic<UInt64>(0)
    /// Nothing is answered any more.
    let isShut = Atomic(false)
    /// How long what is found holds, and how long the lack of it.
    let validity: Validity
    /// What both sides can do; empty until they have said so.
    private let agreed = Atomic<UInt64>(0)

    init(_ attachment: Attachment, _ options: Options) {
        tree = attachment.tree
        self.options = options
        nodes = NodeTable(root: attachment.root, limit: options.limits.files)
        handles = HandleTable(limit: options.limits.openFiles)
        validity = Validity(options.caching)
    }

    /// What both sides can do.
    var flags: InitFlags {
        get { InitFlags(rawValue: agreed.load(ordering: .relaxed)) }
        set { agreed.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Answers one request; the reply is whole afterwards, if there is to be one.
    ///
    /// Returns false when nothing is to be answered, or not yet.
    func answer(_ bytes: UnsafeRawBufferPointer, _ reply: inout Reply, _ place: Place) -> Bool {
        reply.begin()
        guard let request = Request(bytes) else {
            options.log("a request of \(bytes.count) bytes that has no head")
            return false
        }
        if isShut.load(ordering: .relaxed) {
            reply.finish(request.unique, error: ENOTCONN)
            return Opcode(rawValue: request.opcode)?.isOneWay != true
        }
        guard let opcode = Opcode(rawValue: request.opcode) else {
            reply.finish(request.unique, error: ENOSYS)
            return true
        }
        do throws(FileError) {
            guard request.body.count >= opcode.fixedSize else {
                throw FileError.malformed("\(opcode): \(request.body.count) bytes")
            }
            guard !flags.isEmpty || opcode == .initialize else {
                throw FileError(.protocolBotch, "\(opcode) before INIT")
            }
            switch try handle(opcode, request, &reply, place) {
            case .answered: reply.finish(request.unique)
            case .refused(let number): reply.finish(request.unique, error: number)
            case .unanswered: return false
            }
        } catch {
            if let context = error.context, error.kind == .malformed || error.kind == .protocolBotch
            {
                options.log("\(context): \(error.kind.text)")
            }
            reply.finish(request.unique, error: Int32(error.kind.number))
        }
        return !opcode.isOneWay
    }

    /// What becomes of a request.
    enum Outcome {
        case answered
        /// With a number for which there is no kind: the kernel is told what not to ask again.
        case refused(Int32)
        /// Never, or later.
        case unanswered
    }

    /// The directory that a request is about, if something in it may be changed.
    func writableDirectory(_ request: Request) throws(FileError) -> any Directory {
        guard options.isWritable else { throw FileError(.readOnly) }
        return try nodes.directory(request.node)
    }

    /// The node that a request is about, if it may be changed.
    func writableNode(_ request: Request) throws(FileError) -> any Node {
        guard options.isWritable else { throw FileError(.readOnly) }
        return try nodes.find(request.node)
    }

    /// Lets go of everything.
    func end() {
        handles.removeAll()
        recent.removeAll()
        nodes.removeAll()
    }
}
