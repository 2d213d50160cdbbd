/** The little that the benchmarks use; synaptic itself has no types. */
declare module "synaptic" {
  type Sample = { readonly input: readonly number[]; readonly output: readonly number[] };
  const synaptic: {
    Architect: {
      Perceptron: new (...sizes: number[]) => { activate(input: readonly number[]): number[] };
    };
    Trainer: new (
      network: object,
    ) => {
      train(
        set: readonly Sample[],
        options: { iterations: number; error: number; rate: number },
      ): { error: number; iterations: number };
    };
  };
  export = synaptic;
}
