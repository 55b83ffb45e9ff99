import Testing

/// `#expect` for conditions that change what they ask (an event of a state machine).
func expect(_ condition: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, comment, sourceLocation: sourceLocation)
}

/// The same for two values.
func expect<Value: Equatable>(_ value: Value, equals expected: Value, sourceLocation: SourceLocation = #_sourceLocation)
{
    #expect(value == expected, sourceLocation: sourceLocation)
}
