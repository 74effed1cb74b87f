/// Text on A4 pages as PDF 1.4 (ISO 32000-1:2008).
///
/// Written here because no kept library writes PDF from Swift on Linux, and Debian's libharu is of 2013: a report needs text at
/// places, two of the standard fonts that every reader has (§9.6.2.2) and nothing else. No images, no compression, no date: the
/// same text gives the same bytes. Characters beyond Windows-1252 are shown as a question mark; the CSV has them.
struct PDFDocument: Sendable {
    /// In points of 1/72 inch, from the lower left.
    static let width = 595.0
    static let height = 842.0

    enum Font: String, Sendable, CaseIterable {
        case regular = "Helvetica"
        case bold = "Helvetica-Bold"

        fileprivate var key: String { self == .regular ? "F1" : "F2" }

        /// The width of a text in points. Bold text is taken for a twelfth wider, which it is at most in the mean.
        func width(of text: String, size: Double) -> Double {
            let units = text.unicodeScalars.reduce(0) { sum, scalar in
                let place = Int(scalar.value) - 32
                return sum + (PDFDocument.widths.indices.contains(place) ? PDFDocument.widths[place] : 556)
            }
            return Double(units) * size / 1000 * (self == .bold ? 13 / 12 : 1)
        }
    }

    /// One page's content: operators of §8 and §9.
    struct Page: Sendable {
        fileprivate var content: [UInt8] = []

        /// - Parameter x: of the text's left end; y of its base line.
        mutating func add(_ text: String, x: Double, y: Double, size: Double, font: Font = .regular) {
            content += "BT /\(font.key) \(number(size)) Tf \(number(x)) \(number(y)) Td (".utf8
            content += PDFDocument.encoded(text)
            content += ") Tj ET\n".utf8
        }

        /// A thin grey line from left to right.
        mutating func addRule(from left: Double, to right: Double, y: Double) {
            content += "0.5 w 0.7 G \(number(left)) \(number(y)) m \(number(right)) \(number(y)) l S\n".utf8
        }

        private func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    }

    var title: String
    var pages: [Page] = []

    /// The file: objects, the table of where they begin, the trailer (§7.5).
    var bytes: [UInt8] {
        // 1 catalogue, 2 pages, 3 information, 4 and 5 fonts, then each page and its content.
        let first = 4 + Font.allCases.count
        let kids = pages.indices.map { "\(first + 2 * $0) 0 R" }.joined(separator: " ")
        var objects: [[UInt8]] = [
            Array("<< /Type /Catalog /Pages 2 0 R >>".utf8),
            Array("<< /Type /Pages /Kids [\(kids)] /Count \(pages.count) >>".utf8),
            Array("<< /Title (".utf8) + Self.encoded(title) + Array(") /Producer (Rapport) >>".utf8),
        ]
        objects += Font.allCases.map { font in
            Array(
                "<< /Type /Font /Subtype /Type1 /BaseFont /\(font.rawValue) /Encoding /WinAnsiEncoding >>".utf8)
        }
        let fonts = Font.allCases.enumerated().map { "/\($1.key) \(4 + $0) 0 R" }.joined(separator: " ")
        for (number, page) in pages.enumerated() {
            objects.append(
                Array(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 \(Int(Self.width)) \(Int(Self.height))] /Resources << /Font << \(fonts) >> >> /Contents \(first + 2 * number + 1) 0 R >>"
                        .utf8))
            objects.append(
                Array("<< /Length \(page.content.count) >>\nstream\n".utf8) + page.content + Array("endstream".utf8))
        }
        // The comment says that the file is binary (§7.5.2).
        var file = Array("%PDF-1.4\n%".utf8) + [0xE2, 0xE3, 0xCF, 0xD3, 0x0A]
        var table = "0000000000 65535 f \n"
        for (number, object) in objects.enumerated() {
            let digits = String(file.count)
            table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
            file += Array("\(number + 1) 0 obj\n".utf8) + object + Array("\nendobj\n".utf8)
        }
        let start = file.count
        file += "xref\n0 \(objects.count + 1)\n\(table)".utf8
        file += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R /Info 3 0 R >>\nstartxref\n\(start)\n%%EOF\n".utf8
        return file
    }

    /// The inside of a literal string in Windows-1252 (§7.3.4.2, Annex D).
    private static func encoded(_ text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar -> [UInt8] in
            switch scalar {
            case "(", ")", "\\": [0x5C, UInt8(scalar.value)]
            case " "..."~", "\u{A0}"..."\u{FF}": [UInt8(scalar.value)]
            default: [windows1252[scalar] ?? 0x3F]
            }
        }
    }

    private static let windows1252: [Unicode.Scalar: UInt8] = [
        "€": 0x80, "‚": 0x82, "ƒ": 0x83, "„": 0x84, "…": 0x85, "†": 0x86, "‡": 0x87, "ˆ": 0x88, "‰": 0x89, "Š": 0x8A,
        "‹": 0x8B, "Œ": 0x8C, "Ž": 0x8E, "‘": 0x91, "’": 0x92, "“": 0x93, "”": 0x94, "•": 0x95, "–": 0x96, "—": 0x97,
        "˜": 0x98, "™": 0x99, "š": 0x9A, "›": 0x9B, "œ": 0x9C, "ž": 0x9E, "Ÿ": 0x9F,
    ]

    /// Of Helvetica's characters from the space to the tilde, in thousandths of the size (Adobe's Core 14 metrics).
    private static let widths = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
        556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
        556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
        500, 500, 500, 334, 260, 334, 584,
    ]
}
