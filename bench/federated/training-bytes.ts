/** What federated training sends: parameters x 2 ways x clients x rounds, plain and with what compresses it. */

export interface FederatedTask {
  readonly name: string;
  readonly parameters: number;
  readonly clients: number;
  readonly rounds: number;
}

/**
 * FLamby's tasks with 100 local updates a round, rounds and clients as its `common.py` files have them, parameters as
 * its baselines have (KiTS19 and LIDC rounded); then larger models, over ten clients and a hundred rounds. LoRA: rank 8
 * on two matrices of each of 32 layers 4,096 wide (Hu et al. 2022).
 */
export const TASKS: readonly FederatedTask[] = [
  { name: "heart disease", parameters: 14, clients: 4, rounds: 15 },
  { name: "TCGA-BRCA", parameters: 40, clients: 6, rounds: 5 },
  { name: "Camelyon16", parameters: 320_258, clients: 2, rounds: 3 },
  { name: "ISIC2019", parameters: 4_017_796, clients: 6, rounds: 9 },
  { name: "KiTS19", parameters: 30_600_000, clients: 6, rounds: 30 },
  { name: "LIDC-IDRI", parameters: 45_600_000, clients: 4, rounds: 201 },
  { name: "25 M (as ResNet-50)", parameters: 25e6, clients: 10, rounds: 100 },
  { name: "110 M (as BERT base)", parameters: 110e6, clients: 10, rounds: 100 },
  { name: "7 B", parameters: 7e9, clients: 10, rounds: 100 },
  { name: "7 B, LoRA only", parameters: 4_194_304, clients: 10, rounds: 100 },
];

const FLOAT_BYTES = 4;
/** Of a value that is sent with its index. */
const SPARSE_BYTES = 8;
/** Deep Gradient Compression (Lin et al. 2018) sends this share of the changes. */
const SPARSE_SHARE = 0.001;

export interface TrainingBytes {
  /** Every parameter as a 32-bit float, both ways. */
  readonly plain: number;
  /** As one byte each (QSGD, Alistarh et al. 2017, at 8 bits). */
  readonly eightBit: number;
  /** Only the largest changes up; down, all that any client sent, or everything where that is less. */
  readonly sparse: number;
  /** Each client's model once, and their average back. */
  readonly oneShot: number;
}

export function trainingBytes({ parameters, clients, rounds }: FederatedTask): TrainingBytes {
  const models = parameters * clients * rounds;
  const up = SPARSE_SHARE * SPARSE_BYTES;
  const down = Math.min(FLOAT_BYTES, clients * SPARSE_SHARE * SPARSE_BYTES);
  return {
    plain: 2 * FLOAT_BYTES * models,
    eightBit: 2 * models,
    sparse: (up + down) * models,
    oneShot: 2 * FLOAT_BYTES * parameters * clients,
  };
}

/** What every method sends for heart disease, once: `features` numbers a row, `rows` training rows. */
export function heartBytes(
  task: FederatedTask,
  { rows, features }: { readonly rows: number; readonly features: number },
): readonly (readonly [string, number])[] {
  const { plain, oneShot } = trainingBytes(task);
  // A sum and a sum of squares a feature, from each client and back.
  const scaling = 2 * FLOAT_BYTES * 2 * features * task.clients;
  return [
    ["own outcomes, own model, majority", 0],
    ["FedAvg, FedProx, FedAdam, FedAdagrad, FedYogi", plain],
    ["the same, shared scaling", plain + scaling],
    ["SCAFFOLD: models and controls", 2 * plain],
    ["one-shot average of models", oneShot + scaling],
    ["centralised: every row leaves its centre", FLOAT_BYTES * rows * (features + 1)],
  ];
}
