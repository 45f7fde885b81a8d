#include "message.h"

#include "case.pb.h"
#include "credit.pb.h"
#include "document.pb.h"
#include "federation.pb.h"
#include "log.pb.h"
#include "mirror.pb.h"
#include "redress.pb.h"
#include "safety.pb.h"
#include "sanction.pb.h"
#include "subject.pb.h"
#include "wire.pb.h"

#include <assert.h>
#include <string.h>

/* Every message and enumeration, once. Hot ones first: message_of walks from the front. */
/* clang-format off */
#define MESSAGES(X) \
    X(Header) X(Document) X(Receipt) X(Statement) X(Control) X(Reader) X(PartHeader) \
    X(AttachmentHeader) X(Ground) X(Tombstone) X(Hello) X(Welcome) X(Credit) X(Busy) X(Ack) \
    X(ChunkWanted) X(Issuer) X(Registrar) X(RegistryVersion) X(MemberKey) X(EnrolmentKey) X(Enrolment) X(EnrolmentApproval) X(Grant) \
    X(MemberRecord) X(ManifestFile) X(Manifest) X(Subject) X(Person) X(SubjectRegister) \
    X(SubjectRelation) X(Licence) X(Appointment) X(Honour) X(SanctionOrder) X(SanctionChange) \
    X(SanctionNotice) X(SanctionAnswer) X(SanctionExecuted) X(Evidence) X(CreditCheck) \
    X(RestrictionLine) X(CreditCertificate) X(RuleTrace) X(Outcome) X(DecisionRecord) \
    X(CaseClock) X(CaseReferral) X(CaseAnswer) X(ReporterFacts) X(Reporter) X(BatchFacts) X(AefiReport) X(StateChange) \
    X(RefusalCount) X(Refusals) X(Equivocation) X(Admin) X(Withdraw) X(OfficialAct) \
    X(MirrorRow) X(MirrorUpdate) \
    X(CreditRecord) X(IndexValue) X(CreditRating) X(CreditIncentive) X(Procurement) X(Insurance) \
    X(Finding) X(Penalty) X(Risk) X(Recall) X(Trace) X(JointNotice) X(Particulars) \
    X(AdverseEvent) X(Clue) X(Emergency) X(Shortage) X(PriceRecord) X(Redress) \
    X(EvidenceRequest) X(ObligationWarning) X(HubNotice) X(Preview) X(PreviewAnswer) \
    X(RegistryHave) X(RegistryWanted) X(RegistryPart) X(RelayFacts) X(RelayRoll) X(Tally) X(RelayTally) X(RelayFork) X(Probe) X(Restored) \
    X(WitnessAsk) X(WitnessAnswer) X(ForkEvidence) \
    X(Revocation) X(KeyRecord) X(Amendments) X(Root) X(NumberTwice) X(Unusual)

#define ENUMS(X) \
    X(PartKind) X(ReceiptKind) X(ControlKind) X(KeyUse) X(GrantDirection) X(SubjectKind) X(Role) \
    X(Severity) X(Force) X(NoticeStage) X(AnswerKind) X(OfficialVerb) X(CreditClass) X(FindingKind) \
    X(FindingOutcome) X(TraceStep) X(ClueSource) X(EmergencyStage) X(RedressDecision) \
    X(WarningTerm) X(HubNoticeKind) X(RollStage) X(RevocationReason)
/* clang-format on */

#define ENUM_ROW(name)                                                                             \
    static const char *name_of_##name(int value)                                                   \
    {                                                                                              \
        return lianshu_##name##_name((lianshu_##name)value);                                       \
    }                                                                                              \
    static const struct message_enum enum_lianshu_##name = {#name, name_of_##name,                 \
                                                            (int)_lianshu_##name##_MAX};           \
    _Static_assert(_lianshu_##name##_MIN == 0 &&                                                   \
                       (int)_lianshu_##name##_ARRAYSIZE == (int)_lianshu_##name##_MAX + 1,         \
                   "enumerations begin at 0");
ENUMS(ENUM_ROW)

/* nanopb's list gives X(message, allocation, rule, type, name, tag); in a oneof the name is the
 * triple (union, name, path). PASTE in two steps so that its arguments are expanded first. */
#define PASTE_(a, b)     a##b
#define PASTE(a, b)      PASTE_(a, b)
#define SECOND_(a, b, c) #b
#define FLAT_(a, b, c)   a##_##b

#define NAME_SINGULAR(name) #name
#define NAME_OPTIONAL(name) #name
#define NAME_REPEATED(name) #name
#define NAME_ONEOF(triple)  SECOND_ triple
#define FLAT_SINGULAR(name) name
#define FLAT_OPTIONAL(name) name
#define FLAT_REPEATED(name) name
#define FLAT_ONEOF(triple)  FLAT_ triple

#define TYPE_OF_(message, name, kind)            message##_##name##_##kind
#define TYPE_OF(message, name, kind)             TYPE_OF_(message, name, kind)
#define VALUES_UENUM(message, name)              &PASTE(enum_, TYPE_OF(message, name, ENUMTYPE)), NULL
#define VALUES_MESSAGE(message, name)            NULL, &PASTE(message_, TYPE_OF(message, name, MSGTYPE))
#define VALUES_STRING(message, name)             NULL, NULL
#define VALUES_BYTES(message, name)              NULL, NULL
#define VALUES_FIXED_LENGTH_BYTES(message, name) NULL, NULL
#define VALUES_UINT32(message, name)             NULL, NULL
#define VALUES_UINT64(message, name)             NULL, NULL
#define VALUES_BOOL(message, name)               NULL, NULL

#define KIND_UENUM              MESSAGE_NUMBER
#define KIND_BOOL               MESSAGE_NUMBER
#define KIND_UINT32             MESSAGE_NUMBER
#define KIND_UINT64             MESSAGE_NUMBER
#define KIND_STRING             MESSAGE_TEXT
#define KIND_BYTES              MESSAGE_BYTES
#define KIND_FIXED_LENGTH_BYTES MESSAGE_FIXED
#define KIND_MESSAGE            MESSAGE_SUB

/* Where it lies: offset, size of one, offset of its count, how many at most. */
#define SIZE_OF(message, name)        sizeof(((message *)0)->name)
#define WHICH_(a, b, c)               which_##a
#define PATH_(a, b, c)                c
#define PLACE_SINGULAR(message, name) offsetof(message, name), SIZE_OF(message, name), 0, 1
#define PLACE_OPTIONAL(message, name)                                                              \
    offsetof(message, name), SIZE_OF(message, name), offsetof(message, has_##name), 1
#define PLACE_REPEATED(message, name)                                                              \
    offsetof(message, name), SIZE_OF(message, name[0]), offsetof(message, name##_count),           \
        SIZE_OF(message, name) / SIZE_OF(message, name[0])
#define PLACE_ONEOF(message, triple)                                                               \
    offsetof(message, PATH_ triple), SIZE_OF(message, PATH_ triple),                               \
        offsetof(message, WHICH_ triple), 1
#define RULE_SINGULAR MESSAGE_ALWAYS
#define RULE_OPTIONAL MESSAGE_OPTIONAL
#define RULE_REPEATED MESSAGE_REPEATED
#define RULE_ONEOF    MESSAGE_ONEOF

#define FIELD_ROW(message, allocation, rule, type, name, tag)                                      \
    {tag,         NAME_##rule(name), VALUES_##type(message, FLAT_##rule(name)),                    \
     RULE_##rule, KIND_##type,       PLACE_##rule(message, name)},

#define MESSAGE_NAME(name) static const struct message message_lianshu_##name;
MESSAGES(MESSAGE_NAME)

#define MESSAGE_TABLE(name)                                                                        \
    static const struct message_field fields_##name[] = {                                          \
        lianshu_##name##_FIELDLIST(FIELD_ROW, lianshu_##name)};                                    \
    static const struct message message_lianshu_##name = {                                         \
        #name, &lianshu_##name##_msg, sizeof(lianshu_##name), fields_##name,                       \
        sizeof fields_##name / sizeof fields_##name[0]};
MESSAGES(MESSAGE_TABLE)

#define MESSAGE_ROW(name) &message_lianshu_##name,
static const struct message *const messages[] = {MESSAGES(MESSAGE_ROW)};

enum { MESSAGE_COUNT = sizeof messages / sizeof messages[0] };

const struct message *message_at(size_t i)
{
    return i < MESSAGE_COUNT ? messages[i] : NULL;
}

const struct message *message_of(const pb_msgdesc_t *desc)
{
    size_t i = 0;
    for (; messages[i]->desc != desc; i++)
        assert(i + 1 < MESSAGE_COUNT); /* a descriptor is never a peer's choice */
    return messages[i];
}

const struct message_field *message_field(const struct message *m, const char *name)
{
    for (size_t i = 0; i < m->field_count; i++) {
        if (strcmp(m->fields[i].name, name) == 0)
            return &m->fields[i];
    }
    return NULL;
}

/* The name after its prefix: every value of an enumeration begins with one word and '_'. */
static const char *stem(const struct message_enum *e, int value)
{
    const char *name = e->name(value);
    const char *mark = strchr(name, '_');
    assert(mark != NULL);
    return mark + 1;
}

void message_enum_name(const struct message_enum *e, int value, char *out, size_t cap)
{
    size_t len = 0;
    assert(cap > 0);
    if (value >= 0 && value <= e->max) {
        for (const char *p = stem(e, value); *p != '\0' && len + 1 < cap; p++)
            out[len++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
    out[len] = '\0';
}

bool message_enum_value(const struct message_enum *e, const char *name, int *value)
{
    char text[64];
    for (int v = 0; v <= e->max; v++) {
        message_enum_name(e, v, text, sizeof text);
        if (strcmp(text, name) == 0) {
            *value = v;
            return true;
        }
    }
    return false;
}
