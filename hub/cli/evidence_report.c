/* The report of a bundle: who said what to whom, when, under which rule, what was received, and
 * what exactly is proven. Two forms at once: HTML that prints well, and plain text. */
#include "cli/evidence_report.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/words.h"
#include "keys/receipt.h"
#include "wire.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CELL_MAX = 2048 };

/* ---- the two forms ---- */

static const char STYLE[] =
    "@page{size:A4;margin:18mm 16mm}"
    "body{font:11pt/1.55 'Noto Serif CJK SC','Source Han Serif SC','Songti SC',SimSun,serif;"
    "color:#1a1a1a;max-width:178mm;margin:0 auto;padding:8mm 0}"
    "h1{font-size:19pt;margin:0 0 1mm;letter-spacing:.04em}"
    "h1 small{display:block;font-size:11pt;font-weight:normal;color:#555;letter-spacing:0}"
    "h2{font-size:13pt;margin:8mm 0 2mm;border-bottom:.4mm solid #8a1c1c;padding-bottom:1mm;"
    "page-break-after:avoid}h2 small{font-weight:normal;color:#555;font-size:10pt}"
    "table{border-collapse:collapse;width:100%;font-size:9.5pt}"
    "th,td{border-bottom:.2mm solid #ccc;text-align:left;vertical-align:top;padding:1.2mm 2mm "
    "1.2mm 0}"
    "td.w{width:36%}th{font-weight:600;color:#333}tr{page-break-inside:avoid}"
    "td.m,span.m{font-family:'DejaVu Sans Mono',Consolas,monospace;font-size:8.5pt;"
    "word-break:break-all}"
    "li{margin:1mm 0}ul.yes{list-style:'\\2713\\00a0\\00a0'}ul.no{list-style:'\\2014\\00a0\\00a0'}"
    "li small{color:#555}footer{margin-top:10mm;font-size:8.5pt;color:#555;"
    "border-top:.2mm solid #ccc;padding-top:2mm}";

void report_html(const struct paper *p, const char *value)
{
    for (; *value != '\0'; value++) {
        switch (*value) {
        case '<':
            fputs("&lt;", p->html);
            break;
        case '>':
            fputs("&gt;", p->html);
            break;
        case '&':
            fputs("&amp;", p->html);
            break;
        case '"':
            fputs("&quot;", p->html);
            break;
        default:
            fputc(*value, p->html);
        }
    }
}

/* On one line, whatever it has. */
static void put_plain(const struct paper *p, const char *value)
{
    for (; *value != '\0'; value++)
        fputc((unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value, p->text);
}

/* Chinese, and smaller the English. */
static void put_pair(const struct paper *p, const char *zh, const char *between, const char *en)
{
    report_html(p, zh);
    fprintf(p->html, "%s<small>", between);
    report_html(p, en);
    fputs("</small>", p->html);
}

void report_section(const struct paper *p, const char *zh, const char *en)
{
    fprintf(p->html, "<h2>%s <small>%s</small></h2>\n", zh, en);
    fprintf(p->text, "\n%s / %s\n", zh, en);
    for (size_t i = words_width(zh) + 3 + words_width(en); i > 0; i--)
        fputc('-', p->text);
    fputc('\n', p->text);
}

void paper_line(const struct paper *p, const char *zh, const char *en, const char *value)
{
    /* Names of members are whoever's registered them: no mark-up, no lines of their own. */
    fputs("<tr><th>", p->html);
    put_pair(p, zh, " ", en);
    fputs("</th><td class=\"m\">", p->html);
    report_html(p, value);
    fputs("</td></tr>\n", p->html);
    fputs("  ", p->text);
    put_plain(p, zh);
    fputc(' ', p->text);
    put_plain(p, en);
    fprintf(p->text, ": %s\n", value);
}

void report_row(const struct paper *p, const char *head, const char *zh, const char *en)
{
    fputs("<tr><td class=\"w\">", p->html);
    report_html(p, head);
    fputs("</td><td>", p->html);
    put_pair(p, zh, "<br>", en);
    fputs("</td></tr>\n", p->html);
    fprintf(p->text, "  %s\n     %s\n     %s\n", head, zh, en);
}

static void items(const struct paper *p, const struct json *list, const char *class,
                  const char *mark)
{
    fprintf(p->html, "<ul class=\"%s\">\n", class);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_item(list, i);
        fputs("<li>", p->html);
        put_pair(p, json_get_text(row, "zh"), "<br>", json_get_text(row, "en"));
        fputs("</li>\n", p->html);
        fprintf(p->text, "  %s %s\n     %s\n", mark, json_get_text(row, "zh"),
                json_get_text(row, "en"));
    }
    fputs("</ul>\n", p->html);
}

/* ---- the parts ---- */

static const char *kind_zh(const char *kind)
{
    return strcmp(kind, "order") == 0 ? "惩戒" : strcmp(kind, "case") == 0 ? "案件" : "信封";
}

static void put_head(const struct paper *p, const struct evidence *e)
{
    char root[64];
    char time[CLOCK_TEXT_LEN + 1];
    char number[24];
    fprintf(p->html,
            "<!DOCTYPE html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">"
            "<title>证据报告 Evidence report</title><style>%s</style></head><body>\n"
            "<h1>证据报告 · %s<small>Evidence report · %s</small></h1>\n<table>\n",
            STYLE, kind_zh(e->kind), e->kind);
    fprintf(p->text, "证据报告 / Evidence report\n==========================\n\n");
    base64_encode(span_of(e->checkpoint.root, HASH_LEN), root);
    clock_format(e->exported_ms, time);
    snprintf(number, sizeof number, "%" PRIu64, e->checkpoint.size);
    paper_line(p, kind_zh(e->kind), e->kind, e->id);
    paper_line(p, "域", "realm", e->realm);
    paper_line(p, "枢纽", "hub", e->hub);
    paper_line(p, "日志", "log", e->checkpoint.origin);
    paper_line(p, "日志条数", "entries", number);
    paper_line(p, "日志树根", "root of the log", root);
    paper_line(p, "导出时间（导出方所称）", "exported, as the exporter says", time);
    fputs("</table>\n", p->html);
}

static void put_members(const struct paper *p, const struct evidence *e)
{
    report_section(p, "各方", "Members");
    fputs("<table>\n", p->html);
    for (size_t i = 0; i < e->member_count; i++) {
        const lianshu_MemberRecord *m = e->members[i].record;
        paper_line(p, m->name_zh, m->name_en, m->member);
    }
    fputs("</table>\n", p->html);
}

static void put_envelope(const struct paper *p, const struct evidence_envelope *env)
{
    char cell[CELL_MAX];
    char id[2 * HASH_LEN + 1];
    size_t len = 0;
    const lianshu_Header *h = &env->header;
    const struct document_type *type = type_find(h->type);
    hex_encode(span_of(env->env_id, HASH_LEN), id);
    paper_line(p, "信封", "envelope", id);
    snprintf(cell, sizeof cell, "%s %s (%s)", type == NULL ? "?" : type->zh,
             type == NULL ? "?" : type->en, type == NULL ? "?" : type->name);
    paper_line(p, "种类", "type", cell);
    for (pb_size_t i = 0; i < h->destination_count && len < sizeof cell; i++)
        len += (size_t)snprintf(cell + len, sizeof cell - len, "%s%s", i == 0 ? "" : ", ",
                                h->destination[i]);
    paper_line(p, "发送方", "from", h->sender);
    if (h->destination_count > 0)
        paper_line(p, "收件方", "to", cell);
    clock_format(h->created_ms, cell);
    paper_line(p, "制作时间（发送方所称）", "made, as the sender says", cell);
    clock_format(env->accepted_ms, cell);
    paper_line(p, "受理时间", "taken by the hub", cell);
    for (pb_size_t i = 0; i < h->attachments_count; i++) {
        hex_encode(span_of(h->attachments[i].root, HASH_LEN), id);
        snprintf(cell, sizeof cell, "%s, %" PRIu64 " bytes", id, h->attachments[i].byte_count);
        paper_line(p, "附件", "attachment", cell);
    }
}

static void put_envelopes(const struct paper *p, const struct evidence *e)
{
    if (e->envelope_count == 0)
        return;
    report_section(p, "信封", "Envelopes");
    fputs("<table>\n", p->html);
    for (size_t i = 0; i < e->envelope_count; i++)
        put_envelope(p, &e->envelopes[i]);
    fputs("</table>\n", p->html);
}

/* What was disclosed, as it was signed. */
static void put_document(const struct paper *p, const struct evidence_document *d)
{
    char id[2 * HASH_LEN + 1];
    char *text = NULL;
    size_t len;
    char time[CLOCK_TEXT_LEN + 1];
    const struct document_type *type = type_find(d->document.type);
    const struct span body = span_of(d->document.body.bytes, d->document.body.size);
    hex_encode(span_of(d->hash, HASH_LEN), id);
    clock_format(d->document.issued_ms, time);
    paper_line(p, "文书", "document", type == NULL ? "?" : type->name);
    paper_line(p, "签发", "issued by", d->document.issuers[0].member);
    paper_line(p, "签发时间（签发方所称）", "signed, as the issuer says", time);
    paper_line(p, "摘要", "SHA-256", id);
    const pb_msgdesc_t *desc = type == NULL ? NULL : type->facts;
    void *message = calloc(1, REPORT_BODY_MAX);
    for (int again = 0; again < 2 && type != NULL && message != NULL && text == NULL; again++) {
        if (desc != NULL && wire_decode(desc, body, message) == OK &&
            evidence_json(desc, message, &text, &len) == OK)
            paper_line(p, "内容", "contents", text);
        desc = type->sealed;
    }
    free(message);
    free(text);
}

static void put_documents(const struct paper *p, const struct evidence *e)
{
    if (e->document_count == 0)
        return;
    report_section(p, "已披露的文书（含个人信息，依法保管）",
                   "Disclosed documents (with personal data: keep as the law says)");
    fputs("<table>\n", p->html);
    for (size_t i = 0; i < e->document_count; i++)
        put_document(p, &e->documents[i]);
    fputs("</table>\n", p->html);
}

static void put_end(const struct paper *p)
{
    static const char zh[] =
        "核验方法见 README.md：lianshu evidence verify，或仅用 openssl 与 python3 的 "
        "verify.py。本报告由证据推出，本身不是证据。";
    static const char en[] =
        "To verify: README.md, by lianshu evidence verify, or by verify.py with "
        "openssl and python3 alone. This report follows from the evidence; it is "
        "none itself.";
    fprintf(p->html, "<footer>%s<br>%s</footer>\n</body></html>\n", zh, en);
    fprintf(p->text, "\n%s\n%s\n", zh, en);
}

/* ---- all of it ---- */

static enum err put_all(const struct paper *p)
{
    const struct evidence *e = p->reading->e;
    struct json *told = reading_told(p->reading, READING_OUTSIDE | READING_PAPER, NULL);
    put_head(p, e);
    report_section(p, "证明了什么", "What is proven");
    items(p, json_get(told, "proven"), "yes", "+");
    report_section(p, "没有证明什么", "What is not proven");
    items(p, json_get(told, "not_proven"), "no", "-");
    json_close(&told);
    put_members(p, e);
    report_decisions(p);
    report_steps(p);
    const enum err err = report_parties(p);
    put_envelopes(p, e);
    put_documents(p, e);
    report_course(p);
    put_end(p);
    return err;
}

enum err reading_report(const struct reading *reading, char **html, char **text)
{
    size_t html_len = 0;
    size_t text_len = 0;
    *html = *text = NULL;
    const struct paper p = {.html = open_memstream(html, &html_len),
                            .text = open_memstream(text, &text_len),
                            .reading = reading};
    bool good = p.html != NULL && p.text != NULL && put_all(&p) == OK;
    good = p.html != NULL && fclose(p.html) == 0 && good;
    good = p.text != NULL && fclose(p.text) == 0 && good;
    if (good)
        return OK;
    free(*html);
    free(*text);
    *html = *text = NULL;
    return ERR_NO_MEMORY;
}
