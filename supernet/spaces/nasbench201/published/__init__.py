"""NAS-Bench-201's published files, in all of their formats.

Training sets and evaluation sets of the benchmark, and the names here:

    cifar10-valid   trained on half of the training images
                    train -> cifar10valid_train; x-valid, the other half -> cifar10_valid; ori-test ->
                    cifar10valid_test
    cifar10         trained on all of them: train -> cifar10_train; ori-test -> cifar10_test
    cifar100        train -> cifar100_train; x-valid, x-test (halves of the official test images) -> cifar100_valid,
                    cifar100_test; ori-test (both halves together) -> cifar100_validtest
    ImageNet16-120  likewise: imagenet16_...

Source: Dong et al., NATS-Bench (TPAMI 2021), section 3.2; nats_bench 1.8, ArchResults.get_metrics.
"""
