import FoundationEssentials
import Testing

@testable import ServiceKit

@Suite("Metrics in Prometheus' text format") struct MetricsTests {
    @Test func aFamilyHasOneHeadAndItsSamples() {
        var families = MetricFamilies()
        families.family("calls_total", .counter, "Calls.") { family in
            family.sample(1, ["rpc": "a.S/M", "code": "OK"])
            family.sample(0.25, [:])
        }
        #expect(
            PrometheusText.text(families) == """
                # HELP calls_total Calls.
                # TYPE calls_total counter
                calls_total{rpc="a.S/M",code="OK"} 1
                calls_total 0.25

                """)
    }

    @Test func aFamilyWithoutSamplesIsNotThere() {
        var families = MetricFamilies()
        families.family("nothing", .gauge, "Nothing.") { _ in }
        #expect(PrometheusText.text(families).isEmpty)
    }

    @Test func labelsAndHelpAreEscaped() {
        var families = MetricFamilies()
        families.family("f", .gauge, "A \\ and\na \"quote\"") { $0.sample(1, ["l": "a\\b\n\"c\""]) }
        #expect(
            PrometheusText.text(families)
                == "# HELP f A \\\\ and\\na \"quote\"\n# TYPE f gauge\nf{l=\"a\\\\b\\n\\\"c\\\"\"} 1\n")
    }

    @Test func aHistogramIsCumulativeAndEndsWithAll() {
        var families = MetricFamilies()
        families.family("t_seconds", .histogram, "T.") {
            $0.histogram(bounds: [0.5, 1], counts: [2, 1, 1], sum: 3.5, ["rpc": "m"])
        }
        #expect(
            PrometheusText.text(families) == """
                # HELP t_seconds T.
                # TYPE t_seconds histogram
                t_seconds_bucket{rpc="m",le="0.5"} 2
                t_seconds_bucket{rpc="m",le="1"} 3
                t_seconds_bucket{rpc="m",le="+Inf"} 4
                t_seconds_sum{rpc="m"} 3.5
                t_seconds_count{rpc="m"} 4

                """)
    }

    @Test(arguments: [
        (0, "0"), (-3, "-3"), (1e15, "1000000000000000"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.1, "0.1"),
        (9.7e-05, "9.7e-05"),
    ]) func numbersAreThoseOfGo(_ number: Double, _ text: String) {
        #expect(PrometheusText.number(number) == text)
    }

    @Test func theProcessIsInItAndNoFamilyTwice() async {
        let metrics = Metrics(service: "goals")
        metrics.add { $0.value("own_total", .counter, "Own.", 7) }
        let text = await metrics.text()
        #expect(text.contains("rapport_build_info{service=\"goals\",version=\"\(Version.current)\"} 1\n"))
        #expect(text.hasSuffix("own_total 7\n"))
        let heads = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(Set(heads).count == heads.count && heads.count == 9)
    }

    @Test func theProcessKnowsItsTimeAndItsMemory() throws {
        let before = Date().timeIntervalSince1970
        let statistics = ProcessStatistics(ProcessStatistics.Constants())
        #expect(statistics.residentBytes > 1e6 && statistics.virtualBytes > statistics.residentBytes)
        #expect(statistics.cpuSeconds > 0 && statistics.threads >= 1 && statistics.openFiles >= 3)
        #expect(statistics.startTime > before - 86_400 && statistics.startTime < before + 2)
    }
}
