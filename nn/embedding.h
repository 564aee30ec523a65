#pragma once

#include <optional>

#include "gradus/nn/module.h"

namespace gradus {
class Generator;
}

namespace gradus::nn {

struct EmbeddingOptions {
  /// The row of this index starts at zero and gets no gradient. Negative: from the end.
  std::optional<std::int64_t> padding_idx = {};
  DType dtype = float32;
  Generator* generator = nullptr;
};

/// A table of num_embeddings vectors, drawn from N(0, 1). index: int64 of any shape, in
/// [0, num_embeddings); returns index.shape + (embedding_dim).
class Embedding : public Module {
 public:
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingOptions options = {},
            Where at = Where::here());
  Tensor forward(const Tensor& index) override;
  std::string extra_repr() const override;

  Tensor weight;  ///< (num_embeddings, embedding_dim)

 private:
  std::optional<std::int64_t> padding_idx_;
};

}  // namespace gradus::nn
