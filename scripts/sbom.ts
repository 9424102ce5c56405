import { parseArgs } from 'node:util';
import { billOfMaterials } from './bill-of-materials.ts';

const { values } = parseArgs({ options: { 'with-node': { type: 'boolean', default: false } } });
console.log(JSON.stringify(billOfMaterials(values['with-node']), null, 2));
