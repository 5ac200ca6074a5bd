/* image.c - a model's input as a picture, and which of its patches are which tokens (attention.h). */
#include "inspect/attention.h"

#include <math.h>

enum { LARGEST_SIDE = 1024 };

/* Patches of patch_height by patch_width, rows of them from the top. */
typedef struct picture {
    const sample_input *input;
    int64_t height, width, patch_height, patch_width;
    bool patched; /* the input is [patch, value], not [row, column] */
} picture;

static int64_t root_of(int64_t square)
{
    int64_t root = (int64_t)llrint(sqrt((double)square));
    return root * root == square ? root : 0;
}

static bool of_patches(const sample_input *input, int64_t tokens, picture *out)
{
    int64_t grid = root_of(tokens), side = input->rank == 2 ? root_of(input->shape[1]) : 0;
    *out = (picture){input, grid * side, grid * side, side, side, true};
    return input->rank == 2 && input->shape[0] == tokens && grid > 1 && side > 1;
}

static bool of_pixels(const sample_input *input, int64_t tokens, picture *out)
{
    if (input->rank != 2 || input->shape[0] < 2 || input->shape[1] < 2)
        return false;
    int64_t height = input->shape[0], width = input->shape[1], side = root_of(height * width / tokens);
    *out = (picture){input, height, width, side, side, false};
    return side > 0 && side * side * tokens == height * width && height % side == 0 && width % side == 0;
}

static float pixel(const picture *p, int64_t row, int64_t column)
{
    if (!p->patched)
        return p->input->data[row * p->width + column];
    int64_t patch = row / p->patch_height * (p->width / p->patch_width) + column / p->patch_width;
    int64_t within = row % p->patch_height * p->patch_width + column % p->patch_width;
    return p->input->data[patch * p->patch_height * p->patch_width + within];
}

static json_t *picture_value(arena *a, const picture *p)
{
    uint8_t *pixels = arena_take(a, (size_t)(p->height * p->width), 1);
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < p->height * p->width; k++) {
        low = fmin(low, pixel(p, k / p->width, k % p->width));
        high = fmax(high, pixel(p, k / p->width, k % p->width));
    }
    for (int64_t k = 0; k < p->height * p->width; k++)
        pixels[k] = (uint8_t)(high > low ? rint((pixel(p, k / p->width, k % p->width) - low) / (high - low) * 255) : 0);
    json_t *value = value_object(a);
    value_put(a, value, "input", value_text(a, p->input->name));
    value_put(a, value, "height", value_count(a, p->height));
    value_put(a, value, "width", value_count(a, p->width));
    value_put(a, value, "patch_height", value_count(a, p->patch_height));
    value_put(a, value, "patch_width", value_count(a, p->patch_width));
    value_put(a, value, "grid_rows", value_count(a, p->height / p->patch_height));
    value_put(a, value, "grid_columns", value_count(a, p->width / p->patch_width));
    value_put(a, value, "low", value_number(a, low));
    value_put(a, value, "high", value_number(a, high));
    value_put(a, value, "pixels", value_base64(a, pixels, (size_t)(p->height * p->width)));
    return value;
}

json_t *attention_image(arena *a, const sample_input *inputs, uint32_t input_count, int64_t tokens)
{
    picture p;
    for (uint32_t i = 0; i < input_count && tokens > 0; i++)
        if ((of_patches(&inputs[i], tokens, &p) || of_pixels(&inputs[i], tokens, &p)) && p.height <= LARGEST_SIDE &&
            p.width <= LARGEST_SIDE)
            return picture_value(a, &p);
    return value_null();
}
