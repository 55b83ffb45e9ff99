/// What the composer of a program keeps of its starts, for every launch that is given nothing else.
package protocol LaunchMemory: LaunchJournal {
    /// What is remembered of earlier starts.
    var history: LaunchHistory { get }
    /// The start is over. On the main actor; returns at once.
    func ended(_ report: LaunchReport)
}
