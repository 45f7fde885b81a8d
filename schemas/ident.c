#include "ident.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>

/* ---- GB 32100-2015, 统一社会信用代码 ---- */

static const char uscc_alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

enum { USCC_BODY_LEN = 17, USCC_MODULUS = 31 };

/* Value of a character in the alphabet, or -1. */
static int uscc_value(char c)
{
    const char *at = memchr(uscc_alphabet, c, USCC_MODULUS);
    return at == NULL ? -1 : (int)(at - uscc_alphabet);
}

/* GB 11714: characters 9 to 16 lead to character 17. */
static bool uscc_inner_ok(const char *code)
{
    static const int weights[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < 8; i++) {
        char c = code[8 + i];
        sum += weights[i] * (c <= '9' ? c - '0' : c - 'A' + 10);
    }
    int check = 11 - sum % 11;
    return code[16] == (check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check));
}

enum err uscc_check(const char *code, bool *inner_ok)
{
    int sum = 0;
    int weight = 1;
    if (inner_ok != NULL)
        *inner_ok = false;
    if (strnlen(code, USCC_LEN + 1) != USCC_LEN)
        return ERR_IDENTIFIER;
    for (size_t i = 0; i < USCC_BODY_LEN; i++) {
        int value = uscc_value(code[i]);
        /* 3 to 8 are a region: digits. */
        if (value < 0 || (i >= 2 && i < 8 && value > 9))
            return ERR_IDENTIFIER;
        sum += value * weight;
        weight = weight * 3 % USCC_MODULUS;
    }
    int check = uscc_value(code[USCC_BODY_LEN]);
    if (check < 0)
        return ERR_IDENTIFIER;
    if (check != (USCC_MODULUS - sum % USCC_MODULUS) % USCC_MODULUS)
        return ERR_CHECK_DIGIT;
    if (inner_ok != NULL)
        *inner_ok = uscc_inner_ok(code);
    return OK;
}

/* ---- GB 11643-1999, 公民身份号码 (ISO 7064 MOD 11-2) ---- */

uint32_t citizen_birth_date(const char *id)
{
    uint32_t date = 0;
    for (size_t i = 6; i < 14; i++)
        date = date * 10 + (uint32_t)(id[i] - '0');
    return date;
}

enum err citizen_check(const char *id)
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    if (strnlen(id, CITIZEN_LEN + 1) != CITIZEN_LEN || strspn(id, "0123456789") < 17)
        return ERR_IDENTIFIER;
    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (id[i] - '0');
    char check = id[17];
    if (check != 'X' && (check < '0' || check > '9'))
        return ERR_IDENTIFIER;
    if (!date_valid(citizen_birth_date(id)))
        return ERR_IDENTIFIER;
    return check == "10X98765432"[sum % 11] ? OK : ERR_CHECK_DIGIT;
}

/* ---- 药品批准文号 and subjects ---- */

/* 国药准字([HZSJBTF]\d{8}|[HZS][CJ]\d{8}), up to `end`. */
static bool approval_matches(const char *number, size_t len)
{
    static const char prefix[] = "国药准字";
    const size_t prefix_len = sizeof prefix - 1;
    if (len < prefix_len || memcmp(number, prefix, prefix_len) != 0)
        return false;
    const char *rest = number + prefix_len;
    len -= prefix_len;
    if (len != 9 && len != 10)
        return false;
    if (memchr(len == 9 ? "HZSJBTF" : "HZS", rest[0], len == 9 ? 7 : 3) == NULL)
        return false;
    if (len == 10 && rest[1] != 'C' && rest[1] != 'J')
        return false;
    for (size_t i = len - 8; i < len; i++) {
        if (rest[i] < '0' || rest[i] > '9')
            return false;
    }
    return true;
}

static bool all_digits(struct span text)
{
    size_t i = 0;
    while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9')
        i++;
    return i == text.len;
}

/* 医疗器械: (国|省简称)械注[准进许] year 4, class 1, category 2, serial 4; a filing 械备 has the
 * signs of one or two places, year 4 and serial 4. */
static bool device_matches(struct span number)
{
    enum { SIGN = 3, REGISTERED_DIGITS = 11, FILED_DIGITS = 8 }; /* a sign is 3 bytes */
    static const struct {
        const char *word;
        size_t places;
        size_t digits;
    } forms[] = {
        {"械注准", 1, REGISTERED_DIGITS}, {"械注进", 1, REGISTERED_DIGITS},
        {"械注许", 1, REGISTERED_DIGITS}, {"械备", 1, FILED_DIGITS},
        {"械备", 2, FILED_DIGITS},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const size_t word = strlen(forms[i].word);
        const size_t head = forms[i].places * SIGN + word;
        if (number.len == head + forms[i].digits && number.data[0] >= 0xe4 &&
            memcmp(number.data + head - word, forms[i].word, word) == 0 &&
            all_digits(span_of(number.data + head, forms[i].digits)))
            return true;
    }
    return false;
}

/* GTIN-14: the digits weigh 3 and 1 in turn, the check digit fills up to ten. */
static enum err gtin_check(struct span number)
{
    unsigned sum = 0;
    for (size_t i = 0; i < number.len; i++)
        sum += (unsigned)(number.data[i] - '0') * (i % 2 == 0 ? 3 : 1);
    return sum % 10 == 0 ? OK : ERR_CHECK_DIGIT;
}

enum err product_check(struct span number)
{
    enum { GTIN_LEN = 14 };
    if (number.len == GTIN_LEN && all_digits(number))
        return gtin_check(number);
    return approval_matches((const char *)number.data, number.len) || device_matches(number)
               ? OK
               : ERR_IDENTIFIER;
}

enum err subject_id_check(lianshu_SubjectKind kind, const char *id)
{
    const char *slash = strrchr(id, '/');
    switch (kind) {
    case lianshu_SubjectKind_SUBJECT_ENTERPRISE:
    case lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS:
    case lianshu_SubjectKind_SUBJECT_INSTITUTION:
        return uscc_check(id, NULL);
    case lianshu_SubjectKind_SUBJECT_PERSON:
        return citizen_check(id);
    case lianshu_SubjectKind_SUBJECT_PRODUCT:
        return product_check(span_str(id));
    case lianshu_SubjectKind_SUBJECT_BATCH:
        if (slash == NULL || slash[1] == '\0')
            return ERR_IDENTIFIER;
        return product_check(span_of(id, (size_t)(slash - id)));
    default:
        return ERR_IDENTIFIER;
    }
}

/* ---- text ---- */

/* Half-width form of a full-width character; the ideographic space is a space. */
static uint32_t half_width(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E)
        c -= 0xFEE0;
    if (c == 0x3000)
        c = ' ';
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

enum err ident_normalise(const char *in, char *out, size_t cap)
{
    struct span text = span_str(in);
    size_t len = 0;
    size_t kept = 0; /* up to the last character that is no space */
    if (!utf8_allowed(text))
        return ERR_UTF8;
    for (size_t at = 0; at < text.len;) {
        char bytes[4];
        uint32_t c = half_width(utf8_next(text, &at));
        bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (space && len == 0)
            continue;
        size_t n = utf8_put(c, bytes);
        if (space && len + n >= cap)
            continue; /* perhaps trailing; if not, the next character does not fit either */
        if (len + n >= cap)
            return ERR_FIELD_LONG;
        memcpy(out + len, bytes, n);
        len += n;
        kept = space ? kept : len;
    }
    if (cap == 0)
        return ERR_FIELD_LONG;
    out[kept] = '\0';
    return OK;
}

/* Half-width, with one kind of brackets; 0: a space. */
static uint32_t number_character(uint32_t c)
{
    static const uint32_t open[] = {'(', 0x3008, 0x3010, 0x3014, 0xFE5D};
    static const uint32_t close[] = {')', 0x3009, 0x3011, 0x3015, 0xFE5E};
    c = half_width(c);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        if (c == open[i])
            return '[';
        if (c == close[i])
            return ']';
    }
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' ? 0 : c;
}

enum err ident_number(struct span in, char *out, size_t cap)
{
    size_t len = 0;
    if (!utf8_allowed(in))
        return ERR_UTF8;
    for (size_t at = 0; at < in.len;) {
        char bytes[4];
        const uint32_t c = number_character(utf8_next(in, &at));
        const size_t n = c == 0 ? 0 : utf8_put(c, bytes);
        if (len + n >= cap)
            return ERR_FIELD_LONG;
        memcpy(out + len, bytes, n);
        len += n;
    }
    if (cap == 0)
        return ERR_FIELD_LONG;
    out[len] = '\0';
    return OK;
}

static size_t count_characters(struct span text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len && utf8_next(text, &at) != 0;)
        count++;
    return count;
}

/* Copy text, showing the first and last characters and one star for each of `stars` others. */
static void mask(struct span text, size_t first, size_t last, size_t stars, char *out, size_t cap)
{
    size_t count = count_characters(text);
    struct writer w = writer_of(out, cap == 0 ? 0 : cap - 1);
    size_t index = 0;
    for (size_t at = 0; index < count; index++) {
        size_t start = at;
        (void)utf8_next(text, &at); /* counted above */
        if (index == first) {
            for (size_t i = 0; i < stars; i++)
                write_bytes(&w, "*", 1);
        }
        if (index < first || index >= count - last)
            write_bytes(&w, text.data + start, at - start);
    }
    if (cap > 0)
        out[w.len] = '\0';
}

void ident_mask(const char *id, char *out, size_t cap)
{
    struct span text = span_str(id);
    size_t count = count_characters(text);
    if (count >= 12)
        mask(text, 4, 4, count - 8, out, cap);
    else
        mask(text, count > 2 ? 1 : 0, 0, count > 2 ? count - 1 : count, out, cap);
}
