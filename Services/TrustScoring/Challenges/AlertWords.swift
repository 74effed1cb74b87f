import Schema

/// How a signal speaks: a WATCH asks the trustee, an ALERT offers both a conversation; neither names a culprit
/// (docs/domain.md §4).
extension Challenge {
    var watchQuestion: String {
        switch self {
        case .inconsistentBehaviour:
            "More of what you promised or planned has slipped lately than before. What has changed for you?"
        case .overemphasisOnCriticism:
            "Your latest feedback says what should change and little else. What went well that you have not said yet?"
        case .lackOfTransparency:
            "Some of your decisions may look as if they came from nowhere. Which reason have you not told yet?"
        default: "Is there anything that looks different from the other side?"
        }
    }

    var alertQuestion: String {
        switch self {
        case .inconsistentBehaviour: "Promises and sessions have slipped more often than before. What stands behind it?"
        case .overemphasisOnCriticism:
            "Most of the latest feedback names what should change, without a strength and without a next step. What would help?"
        case .lackOfTransparency:
            "Decisions or changes came without their reason. Which of them do you want to know more about?"
        default: "Is there anything that looks different from the other side?"
        }
    }

    var suggestedConversation: String {
        switch self {
        case .inconsistentBehaviour:
            "Look at the open promises together: which can be kept, which should be smaller, later or given back?"
        case .overemphasisOnCriticism:
            "Take the latest item: what was done well there, and what would be one step to try next?"
        case .lackOfTransparency:
            "Go through the latest decisions: what led to each, and who should have heard of it when?"
        default: "Compare how each of you sees the same four weeks."
        }
    }
}
