import Schema
import ServiceKit
import Storage

/// Both write, and neither reads the other's words first (docs/domain.md rule 30).
///
/// What waits for the reveal stands in a table of its own: neither the request nor any event moves before, so that the
/// other one cannot tell whether something waits.
enum BlindExchange {
    /// The longest time that the first of the two waits (docs/domain.md rule 48).
    static let revealDays = 7

    static let statements = [
        """
        CREATE TABLE blind_delivery (
            request TEXT NOT NULL, author TEXT NOT NULL, item TEXT NOT NULL,
            PRIMARY KEY (request, author)) STRICT, WITHOUT ROWID
        """
    ]
}

extension Change {
    /// Takes a delivered item into its exchange. The second of the two reveals both; after a reveal there is nothing to
    /// wait for.
    func join(_ item: inout FeedbackItem) throws {
        let others = try blindDeliveries(of: item.feedbackRequest)
        guard !others.contains(where: { $0.author == item.author }) else {
            throw Refusal.wrongState("your part of the exchange", is: "delivered", needs: "one that is not yet")
        }
        try transaction.execute(
            "INSERT INTO blind_delivery (request, author, item) VALUES (?, ?, ?)",
            [.text(item.feedbackRequest), .text(item.author), .text(item.name)])
        guard let other = others.first else {
            return try expect(
                Duties.reveal, of: item.feedbackRequest, until: now.adding(days: BlindExchange.revealDays))
        }
        try cancel(Duties.reveal, for: item.feedbackRequest)
        try reveal(other.item)
        item.reveal(at: now)
        try announce(item)
        try settle(item.feedbackRequest, with: item)
    }

    /// Nobody has seen it, and nobody will learn that it was there.
    func leave(_ item: FeedbackItem) throws {
        try transaction.execute(
            "DELETE FROM blind_delivery WHERE request = ? AND author = ?",
            [.text(item.feedbackRequest), .text(item.author)])
        try cancel(Duties.reveal, for: item.feedbackRequest)
    }

    /// The first has waited long enough.
    func revealExchange(of request: String) throws {
        for delivery in try blindDeliveries(of: request) { try reveal(delivery.item) }
    }

    private func reveal(_ name: String) throws {
        guard var item = try find(Tables.feedbackItems, name), item.isHidden else { return }
        item.reveal(at: now)
        item = try update(Tables.feedbackItems, item)
        try announce(item)
        try settle(item.feedbackRequest, with: item)
    }

    private func blindDeliveries(of request: String) throws -> [(author: String, item: String)] {
        try transaction.query("SELECT author, item FROM blind_delivery WHERE request = ?", [.text(request)]).map {
            (author: try $0.text(0), item: try $0.text(1))
        }
    }
}
