import ArgumentParser
import RPC
import Schema
import Standard

/// Checks that nobody has changed the past of a relationship.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a relationship's chain of snapshots, and compute each past score anew from the evidence.",
        discussion: """
            A relationship is named by its resource name or, in the demo, by its short name. Four things are checked: every \
            snapshot holds the hash of the one before and is unchanged; the evidence gives each midnight's profile again, to \
            the state hash; the running score is that of the whole log; and the organisation's audit chains are \
            unchanged. What does not hold is named, and the command ends with code 1.

            Examples:
              rapport verify case-study --as coachee
              rapport verify case-study --as coachee --at day:40
            """)

    @OptionGroup var question: TrustQuestion

    @Option(help: "Compute the profile of this instant anew as well, and print it.")
    var at: Moment?

    /// Snapshots asked for at once.
    static let pageSize: Int32 = 500

    func run() async throws {
        var isWhole = true
        try await question.ask { asked in
            var text = [asked.title]
            let chain = try await asked.client.verifySnapshots(
                VerifySnapshotsRequest(parent: asked.name), options: asked.options)
            text.append(
                "chain      \(chain.snapshotCount) snapshots, whole"
                    + (chain.headHash.isEmpty ? "" : ", to \(chain.headHash.prefix(16))…"))
            let snapshots = try await latest(asked)
            var different: [String] = []
            for snapshot in snapshots {
                guard let asOf = snapshot.asOf, let profile = snapshot.profile else { continue }
                let replayed = try await self.profile(asked, at: asOf)
                guard replayed.stateHash != profile.stateHash || replayed.score != profile.score else { continue }
                different.append(
                    "  \(snapshot.name.split(separator: "/").last ?? ""): \(Format.fixed(profile.score, 6)) then, "
                        + "\(Format.fixed(replayed.score, 6)) from the evidence of today")
            }
            text.append("midnights  \(snapshots.count - different.count) of \(snapshots.count) come out again")
            if !different.isEmpty {
                isWhole = false
                text += different
                text.append(
                    "  A fact that was learnt since is shown by a correction at the next midnight; without one, the evidence was changed."
                )
            }
            let replay = try await asked.client.verifyReplay(
                VerifyReplayRequest(name: asked.name), options: asked.options)
            isWhole = isWhole && replay.equal
            text.append(
                "running    \(replay.evidenceCount) pieces of evidence folded anew, "
                    + (replay.equal ? "equal" : "different by \(replay.largestDifference)"))
            let organization = asked.name.split(separator: "/").prefix(2).joined(separator: "/")
            let audit = try await AuditCheck(
                of: organization, through: asked.client.channel, asked.options, home: Home.standard)
            isWhole = isWhole && audit.isWhole
            text += audit.lines
            if let at {
                let profile = try await self.profile(asked, at: at.timestamp(dayZero: asked.dayZero))
                text.append("T          \(Format.fixed(profile.score, 6)), state \(profile.stateHash)")
            }
            return ([chain, replay], text)
        }
        guard isWhole else { throw ExitCode.failure }
    }

    private func profile(_ asked: Asked, at instant: Timestamp) async throws -> TrustProfile {
        try await asked.client.getProfileAt(
            GetProfileAtRequest(name: "\(asked.name)/trustProfile", asOf: instant, includeStateHash: true),
            options: asked.options)
    }

    /// Of each midnight the last word.
    private func latest(_ asked: Asked) async throws -> [TrustSnapshot] {
        var all: [TrustSnapshot] = []
        var token = ""
        repeat {
            let page = try await asked.client.listSnapshots(
                ListSnapshotsRequest(parent: asked.name, pageSize: Self.pageSize, pageToken: token),
                options: asked.options)
            all += page.snapshots
            token = page.nextPageToken
        } while !token.isEmpty
        let corrected = Set(all.map(\.corrects))
        return all.filter { !corrected.contains($0.name) }
    }
}
