import RPC
import Schema

/// Loads people, programmes and stories; a run after a crash goes on and ends in the same figures.
struct DemoLoader {
    let home: Home
    let address: String
    let report: @Sendable (String) -> Void

    /// - Parameter start: day 0; nil takes the one begun with, else the standard one.
    func load(start: CalendarDay?) async throws -> DemoFile {
        var file = try DemoFile.load(from: home)
        let today = CalendarDay(containing: .now)
        let dayZero = try chosenDayZero(file, start: start, today: today)
        file.dayZero = "\(dayZero)"
        file.people = Dictionary(uniqueKeysWithValues: DemoRole.allCases.map { ($0.rawValue, $0.persona.name) })
        file.titles = Dictionary(uniqueKeysWithValues: Story.all.map { ($0.id, $0.title) })
        try file.save(to: home)
        guard !file.isComplete else { return file }

        let channel = try Connection.channel(to: address, TLSOptions.standard.credentials())
        let mint = try await TokenMint(home: home)
        try await createPeopleAndProgrammes(channel, mint, dayZero)
        for story in Story.all {
            let began = ContinuousClock.now
            let before = file.progress[story.id] ?? .init()
            let tokens = try await [
                Party.trustor: mint.token(person: story.trustor.name, roles: ["coachee"], scopes: ["import"]),
                Party.trustee: mint.token(person: story.trustee.name, roles: ["coach"], scopes: ["import"]),
            ]
            var saved = file
            var loader = StoryLoader(
                story, dayZero: dayZero, channel: channel, tokens: tokens, progress: before,
                save: { progress in
                    saved.progress[story.id] = progress
                    saved.relationships[story.id] = progress.names["relationship"]
                    try saved.save(to: home)
                })
            try await loader.load()
            file = saved
            if !before.isFinished {
                let facts = story.days.reduce(0) { $0 + $1.facts.count }
                let whole = before.facts == 0 ? "\(facts) facts" : "the last \(facts - before.facts) of \(facts) facts"
                let seconds = Format.seconds(ContinuousClock.now - began)
                report(
                    "\(Format.left(story.id, 14)) \(whole), \(story.evidence.count) pieces of evidence, in \(seconds)")
            }
        }
        file.isComplete = true
        try file.save(to: home)
        await channel.close(grace: .zero)
        return file
    }

    private func chosenDayZero(_ file: DemoFile, start: CalendarDay?, today: CalendarDay) throws -> CalendarDay {
        guard let begun = CalendarDay(file.dayZero) else { return start ?? DayZero.standard(today: today) }
        guard start == nil || start == begun else {
            throw Failure(
                "\(home.path) holds a demo that starts on \(begun). Set RAPPORT_HOME to another directory.")
        }
        return begun
    }

    private func createPeopleAndProgrammes(
        _ channel: Channel, _ mint: TokenMint, _ dayZero: CalendarDay
    ) async throws {
        let client = RelationshipsServiceClient(channel)
        let token = try await mint.token(for: .programmeAdmin, scopes: ["import"])
        let options = CallOptions(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(5))
        let occurredAt = (dayZero + -7).at()
        let persistence = Persistence()
        func requestID(_ step: String) -> String { Posting.requestID("demo", dayZero: dayZero, step: step) }
        for persona in Cast.everybody {
            let request = CreatePersonRequest(
                parent: Cast.organization, personId: persona.id,
                person: Person(
                    displayName: persona.displayName,
                    manager: persona.manager.map { "\(Cast.organization)/people/\($0)" } ?? "",
                    unit: persona.unit, level: persona.level, timeZone: "Europe/Berlin", active: true),
                requestId: requestID(persona.name), occurredAt: occurredAt)
            try await persistence.once("people and programmes") {
                try await client.createPerson(request, options: options)
            }
        }
        for programme in Cast.programmes {
            let request = CreateProgrammeRequest(
                parent: Cast.organization, programmeId: programme.id,
                programme: Programme(
                    displayName: programme.displayName, kind: programme.kind, startTime: occurredAt,
                    endTime: (dayZero + 365).at(),
                    cadencePolicy: CadencePolicy(intervalDays: programme.intervalDays, graceHours: 24),
                    minimumGroupSize: 5, excludeReportingLine: true),
                requestId: requestID(programme.name), occurredAt: occurredAt)
            try await persistence.once("people and programmes") {
                try await client.createProgramme(request, options: options)
            }
        }
    }
}
