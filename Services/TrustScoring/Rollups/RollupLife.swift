import Crypto
import Schema
import ServiceKit
import TrustModel

/// A roll-up from the request to what came of it (docs/domain.md §5.2, §6.4).
extension Rollup {
    static let defaultLeaderLevel: Int32 = 2

    /// - Parameter published: the organisation's, in the order of time.
    /// - Throws: `Refusal` for what breaks a limit, a month that is not over or that another follows, and for another
    ///   dimension than that of the roll-ups before.
    static func asked(
        _ request: PublishRollupRequest, in organization: ResourceName, after published: [Rollup],
        at now: TrustModel.Instant
    ) throws -> Rollup {
        let latest = RollupMonth(over: now)
        guard let month = request.month.isEmpty ? latest : RollupMonth(request.month) else {
            throw Refusal.invalid("month", "a month such as 2026-10 is needed")
        }
        guard month <= latest else {
            throw Refusal.invalid("month", "\(month) is not over yet; the latest is \(latest)")
        }
        guard now < RollupRetention.end(of: month) else {
            throw Refusal.invalid(
                "month", "roll-ups are kept for \(RollupRetention.months) months; \(month) is longer ago")
        }
        try Check.range(request.leaderLevel, "leader_level", 0...20)
        if request.minimumCoachees != 0 { try Check.range(request.minimumCoachees, "minimum_coachees", 5...1000) }
        if request.minimumCoaches != 0 { try Check.range(request.minimumCoaches, "minimum_coaches", 3...1000) }
        let level = request.leaderLevel == 0 ? defaultLeaderLevel : request.leaderLevel
        if let last = published.last {
            let lastMonth = try ResourceName(last.name, RollupTables.Form.rollups).id
            guard lastMonth < month.description else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE",
                    "the roll-up of \(lastMonth) is published; only months after it can follow")
            }
            guard last.byProgramme == request.byProgramme, last.leaderLevel == level else {
                throw Refusal(
                    .failedPrecondition, "ROLLUP_DIMENSION",
                    "this organisation's roll-ups have by_programme \(last.byProgramme) and leader_level "
                        + "\(last.leaderLevel); another choice could be set off against them")
            }
        }
        return Rollup(
            name: organization.child("rollups", month.description).text, startTime: month.start.timestamp,
            endTime: month.end.timestamp, state: .pending, byProgramme: request.byProgramme, leaderLevel: level,
            minimumCoachees: max(request.minimumCoachees, Int32(MinimumRule.coachees)),
            minimumCoaches: max(request.minimumCoaches, Int32(MinimumRule.coaches)),
            createTime: now.timestamp, updateTime: now.timestamp)
    }

    var month: RollupMonth {
        get throws {
            let id = try ResourceName(name, RollupTables.Form.rollups).id
            guard let month = RollupMonth(id) else {
                throw Refusal(.invalidArgument, "BAD_NAME", "a roll-up's id is a month such as 2026-10")
            }
            return month
        }
    }

    /// Begins, or begins again after a restart. False when it is over.
    mutating func begin() -> Bool {
        guard state == .pending || state == .running else { return false }
        state = .running
        progressPercent = 0
        return true
    }

    mutating func fail(_ refusal: Refusal) {
        state = .failed
        failureReason = refusal.reason
        failureMessage = refusal.message
    }

    mutating func publish(
        _ result: RollupResult, _ reports: [AssociationReport], after previous: RollupLink?,
        at now: TrustModel.Instant
    ) {
        state = .published
        progressPercent = 100
        cellCount = Int32(result.cells.count)
        shownCellCount = Int32(result.cells.count { $0.coacheeCount != nil || $0.figures.contains { $0.value != nil } })
        sequence = (previous?.sequence ?? 0) + 1
        previousHash = previous?.hash ?? ""
        publishTime = now.timestamp
        hash = digest(of: result.cells, reports, audit: result.audit)
    }

    /// SHA-256 in hexadecimal over the length of each part (8 bytes in network byte order) and it: the roll-up without hash,
    /// etag and update_time, its cells and association reports without etags, and its audit. The roll-up holds the hash before.
    func digest(of cells: [RollupCell], _ reports: [AssociationReport], audit: RollupAudit) -> String {
        var bare = self
        bare.hash = ""
        bare.etag = ""
        bare.updateTime = nil
        var sha = SHA256()
        func add(_ part: [UInt8]) {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { sha.update(data: Array($0)) }
            sha.update(data: part)
        }
        add(bare.serialized())
        for var cell in cells {
            cell.etag = ""
            add(cell.serialized())
        }
        for var report in reports {
            report.etag = ""
            add(report.serialized())
        }
        add(audit.serialized())
        return sha.finalize().hexadecimal
    }

    /// Whether it is unchanged and stands behind `previous`.
    func follows(
        _ previous: RollupLink?, cells: [RollupCell], _ reports: [AssociationReport], audit: RollupAudit
    ) -> Bool {
        RollupLink(self).follows(previous)
            && hash == digest(of: cells, reports, audit: audit)
    }
}
