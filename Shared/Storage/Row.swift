internal import GRDB

/// One row of a query. It is a copy, so it may leave the closure. Columns count from 0 in the order of the SELECT.
public struct Row: Sendable, Hashable {
    public let values: [Value]

    init(_ row: GRDB.Row) {
        values = row.databaseValues.map(Value.init)
    }

    /// Traps outside `0..<values.count`; the typed accessors throw instead.
    public subscript(column: Int) -> Value { values[column] }

    public func isNull(_ column: Int) throws -> Bool { try value(column) == .null }

    public func int64(_ column: Int) throws -> Int64 {
        guard case .integer(let integer) = try value(column) else { throw mismatch(column, "an integer") }
        return integer
    }

    public func int(_ column: Int) throws -> Int { Int(try int64(column)) }

    public func bool(_ column: Int) throws -> Bool { try int64(column) != 0 }

    /// An integer column is read as its double: SQLite stores 2.0 as 2 where that saves space.
    public func double(_ column: Int) throws -> Double {
        switch try value(column) {
        case .real(let real): return real
        case .integer(let integer): return Double(integer)
        default: throw mismatch(column, "a real number")
        }
    }

    public func text(_ column: Int) throws -> String {
        guard case .text(let text) = try value(column) else { throw mismatch(column, "text") }
        return text
    }

    public func blob(_ column: Int) throws -> [UInt8] {
        guard case .blob(let bytes) = try value(column) else { throw mismatch(column, "bytes") }
        return bytes
    }

    public func id(_ column: Int) throws -> Identifier {
        guard let identifier = Identifier(bytes: try blob(column)) else { throw mismatch(column, "an identifier") }
        return identifier
    }

    public func key(_ column: Int) throws -> Key {
        if case .text(let text) = try value(column) { return .text(text) }
        return .id(try id(column))
    }

    public func optionalInt64(_ column: Int) throws -> Int64? { try isNull(column) ? nil : int64(column) }
    public func optionalDouble(_ column: Int) throws -> Double? { try isNull(column) ? nil : double(column) }
    public func optionalText(_ column: Int) throws -> String? { try isNull(column) ? nil : text(column) }
    public func optionalBlob(_ column: Int) throws -> [UInt8]? { try isNull(column) ? nil : blob(column) }

    private func value(_ column: Int) throws -> Value {
        guard values.indices.contains(column) else {
            throw StorageError.column("column \(column) does not exist, the row has \(values.count)")
        }
        return values[column]
    }

    private func mismatch(_ column: Int, _ wanted: String) -> StorageError {
        .column("column \(column) is \(values[column].kind), not \(wanted)")
    }
}
