/* Both verifiers of the bundle in `b/`: the program, and the script that stands in each bundle. */
#ifndef TESTS_BOTH_H
#define TESTS_BOTH_H

#include "scenario/acts.h"
#include "scenario/evidencebook.h"
#include "scenario/texts.h"

#include <stdio.h>

static inline void both_refuse_at(struct book *b, const char *path, const char *label)
{
    char line[128];
    snprintf(line, sizeof line, "evidence verify %s --anchor anchor.yaml", path);
    refused(b->terminal, line, CLI_REFUSED, label, "");
    assert_int_equal(book_script(b, path, "anchor.yaml"), 1);
}

static inline void both_refuse(struct book *b, const char *label)
{
    both_refuse_at(b, "b", label);
}

static inline void both_take(struct book *b)
{
    must(b->terminal, "evidence verify b --anchor anchor.yaml");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 0);
}

/* An order that everybody obeyed. */
static inline void both_order(struct book *b)
{
    uint8_t env_id[HASH_LEN];
    acts_connect(b->world);
    acts_order(b->world, env_id);
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_serve(b);
}

/* … with all that was said and decided, as `b`, and once more as `whole`. */
static inline void both_export(struct book *b)
{
    both_order(b);
    must(b->terminal, "evidence export " ORDER_ID
                      " --anchor anchor.yaml --control control --out b --disclose decisions");
    book_copy("b", "whole");
}

/* Of an order, with a checkpoint of when nobody had obeyed it, as `b`. */
static inline void both_export_seen(struct book *b)
{
    uint8_t env_id[HASH_LEN];
    acts_connect(b->world);
    acts_order(b->world, env_id);
    book_keep_checkpoint(b, "kept.txt");
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_serve(b);
    must(b->terminal, "evidence export " ORDER_ID
                      " --anchor anchor.yaml --control control --out b --seen kept.txt");
    must(b->terminal, "evidence verify b --anchor anchor.yaml");
}

#endif
