import ArgumentParser
import Schema

struct TrustAlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "What the detectors have noticed, and which practice needs a reminder.",
        discussion: """
            A coach sees watches too, which are theirs alone.

            Examples:
              rapport trust alerts case-study --as coachee
              rapport trust alerts case-study --as coach --json
            """)

    @OptionGroup var question: TrustQuestion

    func run() async throws {
        try await question.ask { asked in
            let detectors = try await asked.client.listDetectors(
                ListDetectorsRequest(parent: asked.name), options: asked.options)
            let alerts = try await asked.client.listAlerts(
                ListAlertsRequest(parent: asked.name, pageSize: 100), options: asked.options)
            let monitors = try await asked.client.listMonitors(
                ListMonitorsRequest(parent: asked.name), options: asked.options)
            let text = AlertsText(
                title: asked.title, detectors: detectors.detectors, alerts: alerts.alerts,
                monitors: monitors.monitors)
            return ([detectors, alerts, monitors], text.lines)
        }
    }
}
