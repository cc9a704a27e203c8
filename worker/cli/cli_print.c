/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and lines from JSON: see cli_print_priv.h. */
#include "cli/cli_print_priv.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, LEAST_WIDTH = 8 };

static const char *const output_names[] = {
    [CLI_TABLE] = "table", [CLI_HUMAN] = "human", [CLI_JSON] = "json", [CLI_YAML] = "yaml"};

struct kc_error *cli_output_take(const struct cli *cli, enum cli_output absent,
                                 enum cli_output *output)
{
    const char *text = cli_value(cli, CLI_OUTPUT);
    *output = absent;
    if (!text)
        return NULL;
    for (size_t i = 0; i < CLI_COUNT(output_names); i++) {
        if (strcmp(text, output_names[i]) == 0) {
            *output = (enum cli_output)i;
            return NULL;
        }
    }
    const char *nearest = cli_nearest(text, output_names, CLI_COUNT(output_names));
    return kc_error_new(KC_ERR_BAD_REQUEST, "--output %s: one of table, json, yaml and human%s%s%s",
                        text, nearest ? ". Do you mean '" : "", nearest ? nearest : "",
                        nearest ? "'?" : "");
}

bool cli_print_data(struct cli *cli, const json_t *value)
{
    enum cli_output output;
    struct kc_error *err = cli_output_take(cli, CLI_TABLE, &output);
    if (err) { /* it was looked at when the program began */
        kc_error_destroy(err);
        return false;
    }
    if (output == CLI_JSON) {
        char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
        fprintf(cli->out, "%s\n", text ? text : "null");
        free(text);
    } else if (output == CLI_YAML) {
        struct kc_str text = {0};
        cli_yaml_write(&text, value);
        fputs(text.data, cli->out);
        kc_str_destroy(&text);
    }
    return output == CLI_JSON || output == CLI_YAML;
}

void cli_say(struct cli *cli, const char *fmt, ...)
{
    const char *output = cli_value(cli, CLI_OUTPUT);
    if (output && (strcmp(output, "json") == 0 || strcmp(output, "yaml") == 0))
        return;
    va_list args;
    va_start(args, fmt);
    char *text = kc_vasprintf(fmt, args);
    va_end(args);
    fprintf(cli->out, "%s\n", text);
    free(text);
}

/* ---- tables ---- */

static char *cell(const json_t *object, const struct cli_column *column)
{
    struct kc_str text = {0};
    cli_format(&text, cli_field(object, column->path), column->format);
    return kc_str_take(&text);
}

static bool is_right(const struct cli_column *column)
{
    return column->format >= CLI_AS_NUMBER && column->format <= CLI_AS_PERCENT &&
           column->format != CLI_AS_TIME;
}

static int sum(const int *widths, size_t count)
{
    int total = (int)(count - 1) * GAP;
    for (size_t i = 0; i < count; i++)
        total += widths[i];
    return total;
}

/* Makes the widest column narrower, again and again, until all fit. */
static void fit(int *widths, size_t count, int width)
{
    while (width > 0 && sum(widths, count) > width) {
        size_t widest = 0;
        for (size_t i = 1; i < count; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= LEAST_WIDTH)
            return;
        widths[widest]--;
    }
}

static void pad(struct kc_str *line, int columns)
{
    for (int i = 0; i < columns; i++)
        kc_str_append_char(line, ' ');
}

/* Without the blanks of what is empty at the end. */
static void end_line(struct kc_str *line)
{
    while (line->len && line->data[line->len - 1] == ' ')
        line->len--;
    kc_str_append_char(line, '\n');
}

static void append_cell(const struct cli *cli, struct kc_str *line, const char *text,
                        const struct cli_column *column, int width, bool last)
{
    struct kc_str shown = {0};
    cli_cut(&shown, text, width);
    int left = width - cli_columns(shown.data ? shown.data : "");
    const char *colour =
        cli->terminal && column->format == CLI_AS_STATE ? cli_state_colour(text) : "";
    if (is_right(column))
        pad(line, left);
    kc_str_append(line, colour);
    kc_str_append(line, shown.data ? shown.data : "");
    kc_str_append(line, *colour ? CLI_PLAIN : "");
    if (!is_right(column) && !last)
        pad(line, left);
    if (last)
        end_line(line);
    else
        kc_str_append(line, "  ");
    kc_str_destroy(&shown);
}

/* cells: rows * count texts. */
static void print_cells(struct cli *cli, char **cells, size_t rows,
                        const struct cli_column *columns, size_t count)
{
    int *widths = kc_calloc(count, sizeof(*widths));
    struct kc_str line = {0};
    const struct cli_column title = {NULL, NULL, CLI_AS_TEXT};
    for (size_t i = 0; i < count; i++) {
        widths[i] = cli_columns(columns[i].title);
        for (size_t row = 0; row < rows; row++) {
            int width = cli_columns(cells[row * count + i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    fit(widths, count, cli->width);
    for (size_t i = 0; i < count; i++) {
        struct cli_column head = is_right(&columns[i]) ? columns[i] : title;
        append_cell(cli, &line, columns[i].title, &head, widths[i], i + 1 == count);
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < count; i++)
            append_cell(cli, &line, cells[row * count + i], &columns[i], widths[i], i + 1 == count);
    fputs(line.data, cli->out);
    kc_str_destroy(&line);
    free(widths);
}

void cli_print_table(struct cli *cli, const json_t *array, const struct cli_column *columns,
                     size_t count)
{
    size_t rows = json_array_size(array);
    char **cells = kc_calloc(rows * count + 1, sizeof(*cells));
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < count; i++)
            cells[row * count + i] = cell(json_array_get(array, row), &columns[i]);
    print_cells(cli, cells, rows, columns, count);
    for (size_t i = 0; i < rows * count; i++)
        free(cells[i]);
    free(cells);
}

void cli_print_part(struct cli *cli, const json_t *object, const char *field,
                    const struct cli_column *columns, size_t count)
{
    const json_t *part = json_object_get(object, field);
    if (!json_array_size(part))
        return;
    fputc('\n', cli->out);
    cli_print_table(cli, part, columns, count);
}

/* ---- lines ---- */

static void print_lines(struct cli *cli, const json_t *object, const struct cli_column *columns,
                        size_t count)
{
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        int title = cli_columns(columns[i].title);
        width = title > width ? title : width;
    }
    for (size_t i = 0; i < count; i++) {
        char *text = cell(object, &columns[i]);
        const char *colour =
            cli->terminal && columns[i].format == CLI_AS_STATE ? cli_state_colour(text) : "";
        fprintf(cli->out, "%-*s  %s%s%s\n", width, columns[i].title, colour, text,
                *colour ? CLI_PLAIN : "");
        free(text);
    }
}

static struct kc_error *print_array(struct cli *cli, const json_t *array,
                                    const struct cli_column *columns, size_t count,
                                    enum cli_output absent)
{
    enum cli_output output;
    size_t index;
    json_t *object;
    struct kc_error *err = cli_output_take(cli, absent, &output);
    if (err)
        return err;
    if (output == CLI_TABLE) {
        cli_print_table(cli, array, columns, count);
        return NULL;
    }
    json_array_foreach (array, index, object) {
        if (index)
            fputc('\n', cli->out);
        print_lines(cli, object, columns, count);
    }
    return NULL;
}

struct kc_error *cli_print_list(struct cli *cli, const json_t *array,
                                const struct cli_column *columns, size_t count)
{
    return cli_print_data(cli, array) ? NULL : print_array(cli, array, columns, count, CLI_TABLE);
}

struct kc_error *cli_print_item(struct cli *cli, const json_t *object,
                                const struct cli_column *columns, size_t count)
{
    if (cli_print_data(cli, object))
        return NULL;
    json_t *array = json_array();
    json_array_append(array, (json_t *)object);
    struct kc_error *err = print_array(cli, array, columns, count, CLI_HUMAN);
    json_decref(array);
    return err;
}
