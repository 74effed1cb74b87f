/// Rows under a heading, each column as wide as its widest cell.
struct TextTable {
    /// Numbers stand right.
    enum Alignment {
        case left
        case right
    }

    let columns: [(title: String, alignment: Alignment)]
    var rows: [[String]] = []

    init(_ columns: (String, Alignment)...) {
        self.columns = columns.map { (title: $0.0, alignment: $0.1) }
    }

    var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = columns.indices.map { column in
                columns[column].alignment == .left
                    ? Format.left(row[column], widths[column]) : Format.right(row[column], widths[column])
            }
            let line = cells.joined(separator: "  ")
            return String(line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
        }
    }
}
