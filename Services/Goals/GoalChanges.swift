import Schema
import ServiceKit

/// How the words of a goal change before both have signed, and what becomes of it besides being attained.
extension Goal {
    static let whyLength = 1...2000
    static let alignmentLength = 1...500
    /// Offers that wait for an answer at once; the oldest give way.
    static let maximumOffers = 20

    /// The fields that a draft and a proposed goal may change.
    static let changeable = UpdateMask<Goal>(
        "type", "statement", "actor", "measure", "unit", "baseline", "target", "due_time", "confidence", "dependencies",
        "purpose", "ambition", "weight", "stretch", "gas_levels", "check_in_interval_days")

    /// New words for a draft, or for a proposed goal, which is proposed anew by it: nobody is bound by a signature under
    /// other words.
    /// - Returns: whether it was proposed anew.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE once ACTIVE: from then on it changes by a revision; INVALID_ARGUMENT as
    ///   `draft`.
    mutating func change(to words: Goal, by person: String, at now: Instant) throws -> Bool {
        guard state == .draft || state == .proposed else {
            throw Refusal.wrongState("the goal", is: state, needs: "DRAFT or PROPOSED; revise a signed goal instead")
        }
        try take(words.terms)
        updateTime = now.timestamp
        guard state == .proposed else { return false }
        try signAnew(by: person, at: now)
        return true
    }

    /// The terms of another one, everything else as it is.
    mutating func take(_ terms: Goal) {
        var goal = terms
        goal.name = name
        goal.state = state
        goal.signatures = signatures
        goal.author = author
        goal.smartVerdicts = smartVerdicts
        goal.alignedWith = alignedWith
        goal.revisionOffers = revisionOffers
        goal.retireReason = retireReason
        goal.etag = etag
        goal.createTime = createTime
        goal.updateTime = updateTime
        goal.deleteTime = deleteTime
        goal.purgeTime = purgeTime
        self = goal
    }

    /// A goal that binds both is retired, not deleted; a decided one has counted.
    func requireDeletable() throws {
        guard [.draft, .proposed, .retired].contains(state) else {
            throw Refusal.wrongState("the goal", is: state, needs: "DRAFT, PROPOSED or RETIRED")
        }
    }

    /// Not pursued any more.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless under way; INVALID_ARGUMENT without a reason.
    mutating func retire(because why: String, at now: Instant) throws {
        try requireUnderWay()
        try Check.text(why, "why", Self.whyLength)
        guard why.saysSomething else { throw Refusal.invalid("why", "is required") }
        state = .retired
        retireReason = why
        updateTime = now.timestamp
    }

    /// Links it to a goal or priority of the unit. When that changes under a signed goal, both are asked whether the goal
    /// still fits (docs/domain.md rule 52).
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE for a decided or retired goal; INVALID_ARGUMENT.
    mutating func align(with text: String, at now: Instant) throws {
        guard state == .draft || state == .proposed || isUnderWay else {
            throw Refusal.wrongState("the goal", is: state, needs: "one that is not decided")
        }
        try Check.text(text, "aligned_with", Self.alignmentLength)
        guard text.saysSomething else { throw Refusal.invalid("aligned_with", "is required") }
        guard text != alignedWith else { return }
        alignedWith = text
        updateTime = now.timestamp
        if isUnderWay { offerRevision(RevisionOffer(cause: .aligned, openTime: now.timestamp)) }
    }

    /// Opens an offer, once for each occasion.
    mutating func offerRevision(_ offer: RevisionOffer) {
        revisionOffers.removeAll { $0.cause == offer.cause && $0.contextChange == offer.contextChange }
        revisionOffers.append(offer)
        revisionOffers.removeFirst(max(0, revisionOffers.count - Self.maximumOffers))
    }

    /// What a revision that both have signed answers: the change of context that it names, else the alignment.
    mutating func closeOffers(answeredBy revision: Revision) {
        revisionOffers.removeAll {
            revision.contextChange.isEmpty
                ? $0.cause == .aligned : $0.cause == .contextChanged && $0.contextChange == revision.contextChange
        }
    }

    /// Low confidence puts it at risk, good confidence takes it out, between them it stays (docs/domain.md rule 14).
    /// - Returns: whether it has just come into risk.
    mutating func note(confidence: Int32, at now: Instant) -> Bool {
        switch (state, confidence) {
        case (.active, ...3): state = .atRisk
        case (.atRisk, 5...): state = .active
        default: return false
        }
        updateTime = now.timestamp
        return state == .atRisk
    }
}
