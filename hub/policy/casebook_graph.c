/* The case table for people: as text, as Mermaid and as DOT. */
#include "policy/casebook.h"

#include "catalogue.h"
#include "ident.h"

#include <string.h>

enum { LIST_MAX = 1024 };

/* What does not fit is left out: a list for people. */
static void add(char out[static LIST_MAX], const char *sign, const char *text)
{
    const size_t len = strlen(out);
    snprintf(out + len, LIST_MAX - len, "%s%s%s", len == 0 ? "" : " ", sign, text);
}

static const char *state_name(const char *id)
{
    return id[0] == '\0' ? "START" : id;
}

static void add_departments(char out[static LIST_MAX], const char *sign, uint32_t set)
{
    for (unsigned bit = 0; bit < 32; bit++)
        if ((set & (UINT32_C(1) << bit)) != 0)
            add(out, sign, department_name(bit));
}

/* "T08 24 hours, T13 3 days roll" */
static void put_clocks(const struct rule_clock *const *clocks, uint32_t n, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < n && len < cap; i++) {
        char term[TERM_TEXT_MAX];
        term_print(&clocks[i]->ordinary, term);
        len += (size_t)snprintf(out + len, cap - len, "%s%s %s", i == 0 ? "" : ", ", clocks[i]->id,
                                term);
    }
}

static void print_terms(FILE *to, const char *sign, const struct rule_clock *const *clocks,
                        uint32_t n)
{
    char text[LIST_MAX];
    put_clocks(clocks, n, text, sizeof text);
    if (n > 0)
        fprintf(to, "  %s %s", sign, text);
}

static void print_ids(FILE *to, const char *sign, const char *const *ids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        fprintf(to, "%s%s", i == 0 ? sign : " ", ids[i]);
}

static void print_step(FILE *to, const struct rule_step *s)
{
    static const char *const bys[] = {"",
                                      "（含受抄送者 or copied）",
                                      "（共同上级 common superior）",
                                      "（监督者 overseer）",
                                      "（下一办理方 who must act）",
                                      "（立案方 opener）"};
    const struct document_type *type = type_find(s->type);
    char from[LIST_MAX] = "";
    char who[LIST_MAX] = "";
    for (uint32_t i = 0; i < s->from_count; i++)
        add(from, "", state_name(s->from[i]));
    fprintf(to, "%s%s%s  %s / %s  [%c]%s\n", s->id, s->outcome[0] == '\0' ? "" : " ", s->outcome,
            s->zh, s->en, s->mark, s->barred ? "  禁止 forbidden" : "");
    fprintf(to, "  %s -> %s\n", from, s->to[0] == '\0' ? "=" : s->to);
    fprintf(to, "  单据 document   %s", type->name);
    for (uint32_t i = 0; i < s->paper_count; i++)
        fprintf(to, " %s %s", s->paper[i]->id, s->paper[i]->zh);
    add_departments(who, "", s->actor);
    fprintf(to, "\n  办理 by         %s%s", who, bys[s->by]);
    who[0] = '\0';
    add_departments(who, "", s->addressee);
    add_departments(who, "+", s->also);
    add_departments(who, "cc:", s->copies);
    fprintf(to, "%s%s%s\n", who[0] == '\0' ? "" : " -> ", who, s->parties ? " +各方 parties" : "");
    if (s->start_count + s->stop_count + s->within_count + s->suspend_count + s->resume_count +
            s->recount_count >
        0) {
        fprintf(to, "  时限 clocks    ");
        print_terms(to, "启动 start", s->starts, s->start_count);
        print_terms(to, "限内 within", s->within, s->within_count);
        print_terms(to, "重计 recount", s->recounts, s->recount_count);
        print_ids(to, "  停止 stop ", s->stops, s->stop_count);
        print_ids(to, "  中止 suspend ", s->suspends, s->suspend_count);
        print_ids(to, "  恢复 resume ", s->resumes, s->resume_count);
        fprintf(to, "\n");
    }
    fprintf(to, "  依据 basis      %s\n", s->basis);
}

static void print_flow(FILE *to, const struct rule_flow *f)
{
    fprintf(to, "%s  %s / %s  [%c]\n  单据 document   %s %s\n  时限 clocks    ", f->id, f->zh,
            f->en, f->mark, type_find(f->type)->name, f->grade);
    print_terms(to, "启动 start", f->starts, f->start_count);
    print_terms(to, "限内 within", f->within, f->within_count);
    print_ids(to, "  停止 stop ", f->stops, f->stop_count);
    fprintf(to, "\n  依据 basis      %s\n", f->basis);
}

static void print_table(const struct ruleset *rs, FILE *to)
{
    size_t n = 0;
    const struct rule_state *states = ruleset_states(rs, &n);
    fprintf(to, "状态 States\n");
    for (size_t i = 0; i < n; i++)
        fprintf(to, "  %s  %s / %s%s\n", states[i].id, states[i].zh, states[i].en,
                states[i].final ? "  终 final" : "");
    const struct rule_step *steps = ruleset_steps(rs, &n);
    fprintf(to, "\n环节 Steps\n");
    for (size_t i = 0; i < n; i++)
        print_step(to, &steps[i]);
    const struct rule_flow *flows = ruleset_flows(rs, &n);
    fprintf(to, "\n案外时限 Clocks outside of cases\n");
    for (size_t i = 0; i < n; i++)
        print_flow(to, &flows[i]);
}

/* One arrow of either drawing. */
static void draw(enum casebook_form form, FILE *to, const struct rule_step *s, const char *from)
{
    const char *target = s->to[0] == '\0' ? state_name(from) : s->to;
    const char *type = type_find(s->type)->name;
    char terms[LIST_MAX];
    put_clocks(s->starts, s->start_count, terms, sizeof terms);
    if (form == CASEBOOK_DOT)
        fprintf(to, "  %s -> %s [label=\"%s %s\\n%s%s%s\"];\n", state_name(from), target, s->id,
                s->zh, type, terms[0] == '\0' ? "" : "\\n", terms);
    else
        fprintf(to, "  %s --> %s: %s %s (%s)%s%s\n", from[0] == '\0' ? "[*]" : from, target, s->id,
                s->zh, type, terms[0] == '\0' ? "" : " ", terms);
}

static void print_drawing(const struct ruleset *rs, enum casebook_form form, FILE *to)
{
    size_t n = 0;
    const struct rule_state *states = ruleset_states(rs, &n);
    const bool dot = form == CASEBOOK_DOT;
    fprintf(to,
            dot ? "digraph cases {\n  rankdir=TB;\n  START [shape=point];\n" : "stateDiagram-v2\n");
    for (size_t i = 0; i < n; i++) {
        if (dot)
            fprintf(to, "  %s [label=\"%s\\n%s\"%s];\n", states[i].id, states[i].id, states[i].zh,
                    states[i].final ? ", peripheries=2" : "");
        else
            fprintf(to, "  %s: %s %s\n", states[i].id, states[i].id, states[i].zh);
    }
    const struct rule_step *steps = ruleset_steps(rs, &n);
    for (size_t i = 0; i < n; i++) {
        /* What may happen anywhere and leads nowhere would hide the rest. */
        const bool everywhere = steps[i].to[0] == '\0' && steps[i].from_count > 2;
        for (uint32_t k = 0; !steps[i].barred && !everywhere && k < steps[i].from_count; k++)
            draw(form, to, &steps[i], steps[i].from[k]);
    }
    if (dot)
        fprintf(to, "}\n");
}

void casebook_graph(const struct ruleset *rs, enum casebook_form form, FILE *to)
{
    if (form == CASEBOOK_TABLE)
        print_table(rs, to);
    else
        print_drawing(rs, form, to);
}
