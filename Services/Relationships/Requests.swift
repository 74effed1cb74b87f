import Schema
import ServiceKit

extension CreatePersonRequest: Mutation {}
extension DeactivatePersonRequest: Mutation {}
extension CreateLeaveWindowRequest: Mutation {}
extension DeleteLeaveWindowRequest: Mutation {}
extension CreateProgrammeRequest: Mutation {}
extension EnrollRequest: Mutation {}
extension ProposeMatchesRequest: Mutation {}
extension CancelMatchRunRequest: Mutation {}
extension AcceptMatchProposalRequest: Mutation {}
extension DeclineMatchProposalRequest: Mutation {}
extension RequestRelationshipRequest: Mutation {}
extension AcceptRequestRequest: Mutation {}
extension DeclineRequestRequest: Mutation {}
extension AskForMoreInfoRequest: Mutation {}
extension ProvideInfoRequest: Mutation {}
extension WithdrawRequestRequest: Mutation {}
extension ActivateRelationshipRequest: Mutation {}
extension PauseRelationshipRequest: Mutation {}
extension ResumeRelationshipRequest: Mutation {}
extension EndRelationshipRequest: Mutation {}
extension FinishImportRequest: Mutation {}
extension DiscloseConflictRequest: Mutation {}
extension VerifyCredentialRequest: Mutation {}
extension ReviseAgreementRequest: Mutation {}
extension SignAgreementRequest: Mutation {}
extension ScheduleSessionRequest: Mutation {}
extension StateIntentRequest: Mutation {}
extension RescheduleSessionRequest: Mutation {}
extension CancelSessionRequest: Mutation {}
extension AttestSessionRequest: Mutation {}
extension DisputeSessionRequest: Mutation {}
extension ResolveDisputeRequest: Mutation {}
extension SetSessionDepthRequest: Mutation {}
extension AddAgendaItemRequest: Mutation {}
extension CreateCommitmentRequest: Mutation {}
extension AcceptCommitmentRequest: Mutation {}
extension DeclineCommitmentRequest: Mutation {}
extension ReleaseCommitmentRequest: Mutation {}
extension MarkTrivialRequest: Mutation {}
extension RenegotiateCommitmentRequest: Mutation {}
extension ClaimKeptRequest: Mutation {}
extension ConfirmKeptRequest: Mutation {}
extension DisputeCommitmentRequest: Mutation {}
extension WithdrawClaimRequest: Mutation {}
extension ReportBreachRequest: Mutation {}
extension RecordFindingRequest: Mutation {}
extension AcknowledgeBreachRequest: Mutation {}
extension AcceptRepairRequest: Mutation {}
extension RecordDecisionRequest: Mutation {}
extension ExplainDecisionRequest: Mutation {}
extension ReviseDecisionRequest: Mutation {}
extension AnswerKnowWhyRequest: Mutation {}
extension RecordReflectBackRequest: Mutation {}
extension JudgeReflectBackRequest: Mutation {}
extension AddAdviceRequest: Mutation {}
extension TeachBackRequest: Mutation {}
extension RateAdviceRequest: Mutation {}
extension CreateNoteRequest: Mutation {}
extension DeleteNoteRequest: Mutation {}
extension UndeleteNoteRequest: Mutation {}
extension SubmitReflectionRequest: Mutation {}
extension RecordContextChangeRequest: Mutation {}
extension ReportContextIgnoredRequest: Mutation {}
extension AgreeNoteLevelRequest: Mutation {}
extension CreateSharingRequestRequest: Mutation {}
extension ApproveSharingItemRequest: Mutation {}
extension DenySharingItemRequest: Mutation {}
extension RecallSharingRequest: Mutation {}
extension RequestBreakGlassRequest: Mutation {}
extension ApproveBreakGlassRequest: Mutation {}
extension RefuseBreakGlassRequest: Mutation {}
extension CloseBreakGlassRequest: Mutation {}

// An update names its resource inside.

extension UpdatePersonRequest: Mutation {
    public var name: String { person?.name ?? "" }
}

extension UpdateProgrammeRequest: Mutation {
    public var name: String { programme?.name ?? "" }
}

extension UpdateNoteRequest: Mutation {
    public var name: String { note?.name ?? "" }
}

extension ListPeopleRequest: ListRequest {}
extension ListLeaveWindowsRequest: ListRequest {}
extension ListProgrammesRequest: ListRequest {}
extension ListEnrollmentsRequest: ListRequest {}
extension ListMatchRunsRequest: ListRequest {}
extension ListMatchProposalsRequest: ListRequest {}
extension ListWaitlistEntriesRequest: ListRequest {}
extension ListInquiriesRequest: ListRequest {}
extension ListRelationshipsRequest: ListRequest {}
extension ListConflictDisclosuresRequest: ListRequest {}
extension ListCredentialsRequest: ListRequest {}
extension ListAgreementsRequest: ListRequest {}
extension ListSessionsRequest: ListRequest {}
extension ListAgendaItemsRequest: ListRequest {}
extension ListCommitmentsRequest: ListRequest {}
extension ListBreachCasesRequest: ListRequest {}
extension ListDecisionsRequest: ListRequest {}
extension ListReflectBacksRequest: ListRequest {}
extension ListAdviceRequest: ListRequest {}
extension ListNotesRequest: ListRequest {}
extension ListReflectionsRequest: ListRequest {}
extension ListContextChangesRequest: ListRequest {}
extension ListSharingRequestsRequest: ListRequest {}
extension ListBreakGlassCasesRequest: ListRequest {}

extension CreateLegalHoldRequest: Mutation {}
extension ReleaseLegalHoldRequest: Mutation {}
extension ErasePersonRequest: Mutation {}
extension ExportDataRequest: Mutation {}
extension CancelDataExportRequest: Mutation {}

extension ListLegalHoldsRequest: ListRequest {}
extension ListErasuresRequest: ListRequest {}
extension ListDataExportsRequest: ListRequest {}
