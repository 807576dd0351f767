/* The tool's reader of given boxes. */
#include <stdint.h>
#include <stdlib.h>

#include "../../examples/affect/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct box_list list;
    const char *why = NULL;
    size_t line;
    if (boxes_parse(&list, (const char *)data, size, &why, &line)) {
        for (size_t i = 0; i < list.count; i++)
            if (!boxes_find(&list, list.records[i].file) || list.records[i].count > list.most)
                abort();
        boxes_find(&list, "a/b.jpg");
        boxes_free(&list);
    } else if (!why || line == 0) {
        abort();
    }
    return 0;
}
