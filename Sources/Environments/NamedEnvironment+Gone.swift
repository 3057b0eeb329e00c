package import FileTree
package import Store

extension NamedEnvironment {
    /// What `body` makes of an environment; nil when somebody deletes it meanwhile.
    ///
    /// Errors: those of `body`, where it is still there.
    @discardableResult
    package static func ifThere<T>(
        _ name: String,
        in store: Store,
        _ body: (NamedEnvironment) throws(FileError) -> T
    ) throws(FileError) -> T? {
        do throws(FileError) { return try body(NamedEnvironment(name, in: store)) } catch {
            guard error.kind == .notFound, try isGone(name, from: store) else { throw error }
            return nil
        }
    }

    private static func isGone(_ name: String, from store: Store) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try NamedEnvironment(name, in: store).state()
            return false
        } catch {
            guard error.kind == .notFound else { throw error }
            return true
        }
    }
}
