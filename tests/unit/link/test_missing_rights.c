/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that one cluster gives and the other doesn't. */
#include "connect/missing_rights.h"

#include "link/link_check.h"

enum { DENY = RD_KAFKA_ACL_PERMISSION_TYPE_DENY, ALLOW = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW };

static struct kc_acl acl(const char *name, bool prefix, const char *principal, int operation,
                         int permission)
{
    return (struct kc_acl){.pattern_type = prefix ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                                                  : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                           .name = (char *)name,
                           .principal = (char *)principal,
                           .host = (char *)"*",
                           .operation = operation,
                           .permission = permission};
}

/* "User:a WRITE t1, ..." */
static char *missing(struct kc_acl *source, size_t source_count, struct kc_acl *target,
                     size_t target_count, bool denials)
{
    static const struct kc_two_names names[] = {{"s1", "t1"}, {"s2", "t2"}};
    const struct kc_acls at_source = {source, source_count}, at_target = {target, target_count};
    struct kc_missing_rights found = {0};
    struct kc_str text = {0};
    kc_missing_rights_find(names, 2, &at_source, &at_target, denials, &found);
    for (size_t i = 0; i < found.count; i++)
        kc_str_appendf(&text, "%s%s %s %s", i ? ", " : "", found.items[i].principal,
                       found.items[i].operation, found.items[i].name);
    kc_missing_rights_clear(&found);
    return kc_str_take(&text);
}

static void assert_missing(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(names_of_both_sides_are_compared)
{
    struct kc_acl source[] = {acl("s1", false, "User:a", RD_KAFKA_ACL_OPERATION_WRITE, ALLOW),
                              acl("s", true, "User:b", RD_KAFKA_ACL_OPERATION_READ, ALLOW),
                              acl("s1", false, "User:a", RD_KAFKA_ACL_OPERATION_WRITE, ALLOW),
                              acl("s1", false, "User:c", RD_KAFKA_ACL_OPERATION_WRITE, DENY)};
    struct kc_acl target[] = {acl("t2", false, "User:*", RD_KAFKA_ACL_OPERATION_ALL, ALLOW)};
    assert_missing(missing(source, 4, target, 1, false), "User:a WRITE t1, User:b READ t1");
    assert_missing(missing(source, 4, NULL, 0, false),
                   "User:a WRITE t1, User:b READ t1, User:b READ t2");
    struct kc_acl same[] = {acl("*", false, "User:a", RD_KAFKA_ACL_OPERATION_WRITE, ALLOW),
                            acl("t", true, "User:b", RD_KAFKA_ACL_OPERATION_READ, ALLOW)};
    assert_missing(missing(source, 4, same, 2, true), "");
}
END_TEST

START_TEST(a_denial_counts_before_what_allows)
{
    struct kc_acl source[] = {acl("s1", false, "User:a", RD_KAFKA_ACL_OPERATION_WRITE, ALLOW)};
    struct kc_acl target[] = {acl("t1", false, "User:a", RD_KAFKA_ACL_OPERATION_WRITE, ALLOW),
                              acl("t1", false, "User:*", RD_KAFKA_ACL_OPERATION_WRITE, DENY)};
    assert_missing(missing(source, 1, target, 2, false), "");
    assert_missing(missing(source, 1, target, 2, true), "User:a WRITE t1");
    target[1].operation = RD_KAFKA_ACL_OPERATION_READ;
    assert_missing(missing(source, 1, target, 2, true), "");
}
END_TEST

RUN_TESTS("missing_rights", 10, names_of_both_sides_are_compared,
          a_denial_counts_before_what_allows)
