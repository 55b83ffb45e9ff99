import CRoostLedger
import CRoostPlatform

/// Whom a row of the ledger speaks of.
package enum LedgerOwner {
    /// The calling thread, one of this pool's.
    case poolThread(of: String)
    /// The calling thread, a serial executor's of this name.
    case serialThread(String)
    /// A body that owns no thread.
    case noThread(of: String)
    /// A worker process of this pool.
    case process(Int32, of: String)

    /// A row for it; nil when memory is out.
    package func takeRow() -> UnsafeMutablePointer<roost_ledger_slot>? {
        switch self {
        case .poolThread(let pool): Self.take(roost_thread_id(), ROOST_LEDGER_POOL_THREAD, pool)
        case .serialThread(let name): Self.take(roost_thread_id(), ROOST_LEDGER_SERIAL_THREAD, name)
        case .noThread(let pool): Self.take(0, ROOST_LEDGER_NO_THREAD, pool)
        case .process(let id, let pool): Self.take(id, ROOST_LEDGER_PROCESS, pool)
        }
    }

    private static func take(_ thread: Int32, _ kind: Int, _ owner: String) -> UnsafeMutablePointer<roost_ledger_slot>?
    {
        var owner = owner
        return owner.withUTF8 { owner in
            let none: StaticString = ""
            return roost_ledger_take(thread, UInt32(kind), owner.baseAddress ?? none.utf8Start, owner.count)
        }
    }
}
