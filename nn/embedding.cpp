#include "gradus/nn/embedding.h"

#include "gradus/autograd/ops.h"
#include "gradus/nn/init.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::nn {

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim,
                     EmbeddingOptions options, Where at)
    : padding_idx_(options.padding_idx) {
  ContextScope scope(entering("Embedding", at));
  check(num_embeddings > 0 && embedding_dim > 0, "sizes must be positive, got Embedding({}, {})",
        num_embeddings, embedding_dim);
  check(is_floating(options.dtype), "parameters are floating to be trained, got {}", options.dtype);
  weight = empty({num_embeddings, embedding_dim}, options.dtype);
  init::normal_(weight, 0, 1, options.generator);
  if (padding_idx_) {
    check<IndexError>(-num_embeddings <= *padding_idx_ && *padding_idx_ < num_embeddings,
                      "padding_idx {} is not one of {} rows", *padding_idx_, num_embeddings);
    if (*padding_idx_ < 0) *padding_idx_ += num_embeddings;
    init::zeros_(weight.select(0, *padding_idx_));
  }
  parameter("weight", weight);
}

Tensor Embedding::forward(const Tensor& index) {
  Where at = caller();
  Tensor rows = embedding(weight, index, at);
  if (!padding_idx_) return rows;
  Tensor padding = eq(index, *padding_idx_, at).unsqueeze(-1, at);
  return where(padding, rows.detach(at), rows, at);
}

std::string Embedding::extra_repr() const {
  std::string sizes = fmt::format("{}, {}", weight.size(0), weight.size(1));
  return padding_idx_ ? fmt::format("{}, padding_idx={}", sizes, *padding_idx_) : sizes;
}

}  // namespace gradus::nn
