import Schema
import TrustModel

/// A programme's value as pages for people: a table for each unit, with what is withheld in its place.
struct ValuePages: Sendable {
    private static let left = 50.0
    private static let right = PDFDocument.width - 50
    private static let top = PDFDocument.height - 60
    private static let bottom = 60.0
    /// Where the columns begin: metric, before, after, change.
    private static let columns = [50.0, 190, 310, 430]
    private static let textSize = 9.0
    private static let leading = 13.0

    private(set) var document: PDFDocument
    private var y = Self.top

    init(_ value: ProgrammeValue) {
        let programme = value.programme.split(separator: "/").last.map(String.init) ?? ""
        let title = "What has changed: " + (programme.isEmpty ? "all programmes" : programme)
        document = PDFDocument(title: title, pages: [PDFDocument.Page()])
        let months = (Self.month(value.baseline), Self.month(value.name.replacing("/programmeValue", with: "")))
        write(title, size: 16, font: .bold)
        write("Organisation \(value.name.split(separator: "/").dropFirst().first ?? ""), \(months.0) and \(months.1).")
        write(
            "In brackets where the number lies with 90 %. Levels are 0 to 1, shares are percent. An asterisk marks a number of an "
                + "earlier month, which stands because fewer than five people have come or gone.")
        for unit in Self.units(value.lines) { add(unit, months) }
        y -= Self.leading
        write(value.caution)
        if value.truncated { write("More than \(ProgrammeValue.maximumUnits) units: the others are left out.") }
        number(value.name)
    }

    private static func month(_ rollup: String) -> String { rollup.split(separator: "/").last.map(String.init) ?? "" }

    /// The lines of each unit, in their order.
    private static func units(_ lines: [ProgrammeValue.Line]) -> [ArraySlice<ProgrammeValue.Line>] {
        var units: [ArraySlice<ProgrammeValue.Line>] = []
        var start = 0
        for index in lines.indices where index + 1 == lines.count || lines[index + 1].unit != lines[index].unit {
            units.append(lines[start...index])
            start = index + 1
        }
        return units
    }

    private mutating func add(_ lines: ArraySlice<ProgrammeValue.Line>, _ months: (String, String)) {
        let unit = lines.first?.unit ?? ""
        let name = unit.isEmpty ? "Whole organisation" : unit
        y -= Self.leading
        // A unit's head is not left alone at the end of a page.
        makeRoom(6 * Self.leading)
        head(name, months)
        for line in lines {
            if y < Self.bottom + Self.leading {
                turn()
                head(name + " (continued)", months)
            }
            let (before, after) = (line.before ?? .init(), line.after ?? .init())
            row([after.metric.words, Self.text(before), Self.text(after), Self.change(line, after.metric)])
        }
    }

    private mutating func head(_ unit: String, _ months: (String, String)) {
        write(unit, size: 11, font: .bold)
        row(["", months.0, months.1, "Change"], font: .bold)
        page.addRule(from: Self.left, to: Self.right, y: y + Self.leading - 3)
    }

    private static func text(_ figure: RollupCell.Figure) -> String {
        guard let value = figure.value?.value else {
            return figure.reason == .notDefined ? "not defined" : "withheld: " + figure.reason.words
        }
        let metric = figure.metric
        let text = figure.interval.map {
            "\(metric.text(value)) (\(metric.text($0.lower)) to \(metric.text($0.upper)))"
        }
        return (text ?? metric.text(value)) + (figure.frozen ? " *" : "")
    }

    private static func change(_ line: ProgrammeValue.Line, _ metric: RollupCell.Metric) -> String {
        guard let change = line.change?.value else { return "–" }
        func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + metric.text(value) }
        return signed(change)
            + (line.changeInterval.map { " (\(signed($0.lower)) to \(signed($0.upper)))" } ?? "")
    }

    // MARK: Pages

    private var page: PDFDocument.Page {
        get { document.pages[document.pages.count - 1] }
        set { document.pages[document.pages.count - 1] = newValue }
    }

    private mutating func turn() {
        document.pages.append(PDFDocument.Page())
        y = Self.top
    }

    private mutating func makeRoom(_ height: Double) {
        if y - height < Self.bottom { turn() }
    }

    /// A paragraph, broken between words.
    private mutating func write(_ text: String, size: Double = Self.textSize, font: PDFDocument.Font = .regular) {
        var line = ""
        for word in text.split(separator: " ") {
            let longer = line.isEmpty ? String(word) : line + " " + word
            if !line.isEmpty, font.width(of: longer, size: size) > Self.right - Self.left {
                put(line, size, font)
                line = String(word)
            } else {
                line = longer
            }
        }
        put(line, size, font)
    }

    private mutating func put(_ line: String, _ size: Double, _ font: PDFDocument.Font) {
        makeRoom(size)
        page.add(line, x: Self.left, y: y, size: size, font: font)
        y -= size * 1.45
    }

    private mutating func row(_ texts: [String], font: PDFDocument.Font = .regular) {
        for (x, text) in zip(Self.columns, texts) where !text.isEmpty {
            page.add(text, x: x, y: y, size: Self.textSize, font: font)
        }
        y -= Self.leading
    }

    private mutating func number(_ name: String) {
        let count = document.pages.count
        for index in document.pages.indices {
            document.pages[index].add(
                "\(name)   page \(index + 1) of \(count)", x: Self.left, y: Self.bottom - 25, size: 7)
        }
    }
}

extension RollupCell.Metric {
    var words: String {
        switch self {
        case .trustLevel: "Trust"
        case .healthyShare: "Healthy or strong, %"
        case .insufficientShare: "Too little evidence, %"
        case .reliabilityLevel: "Reliability"
        case .integrityLevel: "Integrity"
        case .competenceLevel: "Competence"
        case .empathyLevel: "Empathy"
        case .sustainingLevel: "Sustaining practices"
        case .opennessLevel: "Openness"
        case .engagementLevel: "Engagement"
        case .responsivenessLevel: "Responsiveness"
        case .accountabilityLevel: "Accountability"
        case .alertLoad: "Weeks under an alert, %"
        case .leadersReliability: "Leaders: reliability"
        case .leadersIntegrity: "Leaders: integrity"
        case .leadersCompetence: "Leaders: competence"
        case .leadersEmpathy: "Leaders: empathy"
        case .teamClimate: "Team climate"
        case .exposure: "In a relationship, %"
        case .durability90Days: "Together after 90 days, %"
        case .durability180Days: "Together after 180 days, %"
        default: "\(self)"
        }
    }
}

extension RollupCell.Reason {
    var words: String {
        switch self {
        case .tooFewCoachees: "too few coachees"
        case .tooFewCoaches: "too few coaches"
        case .dominantCoach: "mostly one coach"
        case .complementary: "tells of others"
        case .derivable: "tells of others"
        case .tooFewRelationships: "too few pairs"
        default: "\(self)"
        }
    }
}
