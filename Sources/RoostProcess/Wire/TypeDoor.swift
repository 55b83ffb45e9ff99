import Roost
@_spi(Reflection) import Swift

/// The one door to types by their names, and to how they lie in memory.
///
/// The standard library's functions for it are not part of its documented interface; everything that depends on them is here,
/// and a test runs it on the toolchain in use.
enum TypeDoor {
    /// The name another program finds the type by; nil for one that cannot be found: private, or local to a function.
    static func name(of type: any Any.Type) -> String? {
        guard let name = _mangledTypeName(type), let found = _typeByName(name), found == type else { return nil }
        return name
    }

    static func type(named name: String) -> (any Any.Type)? { _typeByName(name) }

    /// The stored properties of a struct (or a tuple) and where they lie. None, or nil, for any other type, and when the program was built without what
    /// is needed to know them.
    static func fields(of type: any Any.Type) -> [(name: String, offset: Int, type: any Any.Type)]? {
        var fields: [(String, Int, any Any.Type)] = []
        let isKnown = _forEachField(of: type) { name, offset, type, _ in
            fields.append((String(cString: name), offset, type))
            return true
        }
        return isKnown ? fields : nil
    }

    /// Copying its bytes copies it.
    static func isTrivial<Value>(_: Value.Type) -> Bool { _isPOD(Value.self) }

    // Kept: to make it costs as much as all else that is done for a task before it is sent.
    private static let titles = Locked<[ObjectIdentifier: String]>([:])

    /// The type's name for people, without its module.
    static func title(of type: any Any.Type) -> String {
        let id = ObjectIdentifier(type)
        if let title = titles.withLock({ $0[id] }) { return title }
        let title = "\(type)"
        titles.withLock { $0[id] = title }
        return title
    }
}

/// What a task's type is to both sides.
struct TaskType: Sendable, Hashable {
    let name: String
    /// Differs when the types that cross differ; their fields are the decoder's business.
    let contract: UInt64
    /// For people.
    let title: String

    // Kept: to find a name costs some microseconds, and every task asks.
    private static let known = Locked<[ObjectIdentifier: TaskType]>([:])

    /// Throws ``ProcessPoolError`` for a type that no other program can find.
    init<T: IsolatedTask>(_: T.Type) throws {
        if let type = Self.known.withLock({ $0[ObjectIdentifier(T.self)] }) {
            self = type
            return
        }
        title = String(reflecting: T.self)
        guard let name = TypeDoor.name(of: T.self) else {
            throw ProcessPoolError(
                .unknownTask,
                "the task type '\(title)' cannot be found by its name: a private type, or one inside a function, is invisible to a "
                    + "worker process; declare it at the top level or inside another type, internal or public")
        }
        self.name = name
        contract = Self.contract(of: T.self)
        let made = self
        Self.known.withLock { $0[ObjectIdentifier(T.self)] = made }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(contract) }

    static func contract<T: IsolatedTask>(of _: T.Type) -> UInt64 {
        let types: [any Any.Type] = [T.self, T.Output.self, T.Update.self]
        return FNV.hash(types.map { _mangledTypeName($0) ?? String(reflecting: $0) })
    }
}

/// FNV-1a with 64 bits: the same in every process, unlike Swift's own hashes.
enum FNV {
    static func hash(_ texts: [String]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        return hash
    }
}
